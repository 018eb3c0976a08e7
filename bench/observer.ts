import { setTimeout as sleep } from 'node:timers/promises';
import type { MachinesReply } from '../src/model/api.ts';
import { AgentApi } from '../src/push/api.ts';
import { sshGateway } from '../src/push/gateway.ts';
import type { CommandResult, SshTarget } from '../src/ssh/connection.ts';
import { ConnectionPool } from '../src/ssh/pool.ts';
import type { Stack } from '../test/cluster/stack.ts';
import { since } from './runs.ts';

/** Looks at a running cluster through connections that stay open, so that a look costs milliseconds and not a login. */
export class Observer {
  readonly #pool = new ConnectionPool();
  readonly #targets: ReadonlyMap<string, SshTarget>;

  private constructor(targets: ReadonlyMap<string, SshTarget>) {
    this.#targets = targets;
  }

  static async of(stack: Stack): Promise<Observer> {
    const { connection } = await stack.outputs();
    const { user, privateKey, machines } = connection;
    const entries = machines.map(({ name, host, port, hostKey }) => {
      return [name, { name, host, port, user, privateKey, hostKey }] as const;
    });
    return new Observer(new Map(entries));
  }

  get machines(): readonly string[] {
    return [...this.#targets.keys()];
  }

  /** A shell command as root on one machine. */
  async run(machine: string, command: string): Promise<CommandResult> {
    const connection = await this.#pool.get(this.#target(machine), { deadline: 30 });
    return connection.exec({ argv: ['sh', '-c', command], root: true });
  }

  async output(machine: string, command: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(machine, command);
    if (status !== 0) throw new Error(`${command} on ${machine} ended with ${status}: ${stderr.trim()}`);
    return stdout.trim();
  }

  /** Machines on which the unit is active, as the cluster says; asked of any machine but those left out. */
  async activeOn(unit: string, without: readonly string[] = []): Promise<string[]> {
    const api = this.#api(without);
    const [{ units }, { machines }] = await Promise.all([api.units(), api.machines()]);
    const states = units.find(({ name }) => name === unit)?.states ?? [];
    const active = states.filter(({ active }) => active === 'active');
    return active.flatMap(({ machineId }) => machines.find(({ id }) => id === machineId)?.name ?? []);
  }

  async leader(): Promise<string> {
    const { machines, leader }: MachinesReply = await this.#api([]).machines();
    return machines.find(({ id }) => id === leader)?.name ?? 'nobody';
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #api(without: readonly string[]): AgentApi {
    const names = this.machines.filter((name) => !without.includes(name));
    const gateways = names.map((name) => sshGateway(this.#pool, this.#target(name)));
    return new AgentApi(gateways, { log: () => undefined });
  }

  #target(machine: string): SshTarget {
    const target = this.#targets.get(machine);
    if (!target) throw new Error(`there is no machine ${machine}`);
    return target;
  }
}

/** Seconds until the condition holds; errors count as not yet. Throws when it does not in time. */
export async function secondsUntil(limit: number, condition: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await condition().catch(() => false))) {
    if (since(start) > limit) throw new Error(`still not so after ${limit} s: ${condition}`);
    await sleep(200);
  }
  return since(start);
}
