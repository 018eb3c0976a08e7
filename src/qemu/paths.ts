import { join } from 'node:path';

/**
 * A stack's folder on disk:
 *
 *     network/{pid,log,network.json,control}
 *     machines/<life>/{pid,disk.qcow2,seed/,console.log,qmp,lan,machine.json}
 *
 * What every platform keeps there stands in src/provider/resources/identity-record.ts.
 */
export function machinesFolder(stackFolder: string): string {
  return join(stackFolder, 'machines');
}

export function machineFolder(stackFolder: string, life: string): string {
  return join(machinesFolder(stackFolder), life);
}

/**
 * One life of a machine, which another one of the same name follows: `core-1`, then `core-1.2`. The first one is called as
 * the machine itself, and no machine has a dot in its name.
 */
export function lifeOf(name: string, generation: number): string {
  return generation === 1 ? name : `${name}.${generation}`;
}

/** The generation of a life of this machine; undefined for what is none. */
export function generationOf(name: string, life: string): number | undefined {
  if (life === name) return 1;
  const [, generation] = life.startsWith(`${name}.`) ? (/^\.(\d+)$/.exec(life.slice(name.length)) ?? []) : [];
  return generation === undefined ? undefined : Number(generation);
}

/** The files of one machine. `qmp` and `lan` are unix sockets that QEMU serves. */
export function machinePaths(folder: string) {
  return {
    pid: join(folder, 'pid'),
    disk: join(folder, 'disk.qcow2'),
    emptyDisk: (at: number) => join(folder, `empty-${at}.qcow2`),
    seed: join(folder, 'seed'),
    console: join(folder, 'console.log'),
    qmp: join(folder, 'qmp'),
    lan: join(folder, 'lan'),
    state: join(folder, 'machine.json'),
  };
}

/** The files of a stack's virtual network. `control` is a unix socket that the switch serves. */
export function networkPaths(stackFolder: string) {
  const folder = join(stackFolder, 'network');
  return {
    folder,
    pid: join(folder, 'pid'),
    log: join(folder, 'log'),
    config: join(folder, 'network.json'),
    control: join(folder, 'control'),
    lock: join(folder, 'lock'),
  };
}

/** unix(7): sun_path holds 108 bytes, the last one a NUL. */
export const socketPathLimit = 107;

/** The unix sockets a stack with these machines needs. */
export function socketPaths(stackFolder: string, machines: readonly string[]): string[] {
  const perMachine = machines.map((name) => machinePaths(machineFolder(stackFolder, name)));
  return [networkPaths(stackFolder).control, ...perMachine.flatMap(({ qmp, lan }) => [qmp, lan])];
}

/** The files of a template in the cache, without any of which it is none. */
export const templateFiles = {
  memory: 'memory',
  devices: 'devices',
  disk: 'disk.qcow2',
  privateKey: 'key',
  hostKey: 'host-key.pub',
  manifest: 'manifest.json',
} as const;
