import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageWithCauses } from '../../src/model/message-of.ts';
import { chooseAccelerator } from '../../src/qemu/accelerator.ts';
import type { MachineSpec as QemuSpec } from '../../src/qemu/arguments.ts';
import { ensureImage, type ImageSource } from '../../src/qemu/image.ts';
import type { Log } from '../../src/qemu/log.ts';
import { startMachine } from '../../src/qemu/machine.ts';
import { startNetwork, stopNetwork } from '../../src/qemu/network.ts';
import { machineFolder, machinePaths } from '../../src/qemu/paths.ts';
import { guestSshPort } from '../../src/qemu/ports.ts';
import { findProcess, waitForExit } from '../../src/qemu/process.ts';
import { qmp } from '../../src/qemu/qmp.ts';
import { lanMac, renderSeed } from '../../src/qemu/seed.ts';
import { endMachine, stopMachine } from '../../src/qemu/stop-machine.ts';
import type { MachineSize, MachineSpec, Machines, PublicAddresses } from './machines.ts';
import { type PublicAddress, takeAddress } from './public-address.ts';

export interface LocalMachinesOptions {
  /** Disks, sockets and networks are below it: a folder for each network. Keep it short (unix(7)). */
  readonly folder: string;
  /** TCP ports that machines answer on at their public addresses, besides SSH's. */
  readonly ports: readonly number[];
  readonly log: Log;
}

/**
 * What stands in for a cloud's image. It has the packages that user data asks for already, and no account besides root,
 * so a droplet's SSH keys, which are for the image's first user, have nobody to go to.
 */
const images: Readonly<Record<string, ImageSource>> = {
  'debian-13-x64': { kind: 'debian', suite: 'trixie' },
  'debian-12-x64': { kind: 'debian', suite: 'bookworm' },
};

/** Milliseconds. How often a machine is looked at that might have stopped. */
const lookInterval = 1000;
const monitorDeadline = 5000;
/** What DigitalOcean gives a droplet to shut down before it is switched off is not known; systemd's own patience is 90 s. */
const shutdownDeadline = 90_000;

interface LocalMachine {
  readonly network: string;
  readonly stopping: AbortController;
  readonly stopped: () => void;
  /** Whether it ought to run: one that was switched off has not stopped by itself. */
  wanted: boolean;
  readonly made: Promise<{ readonly qemu: QemuSpec; readonly address: PublicAddress }>;
}

/** Virtual machines on this computer, each with a public address of its own among the loopback's. */
export class LocalMachines implements Machines {
  readonly #options: LocalMachinesOptions;
  readonly #machines = new Map<string, LocalMachine>();
  /** One after the other for each network: a switch may not go while another machine comes. */
  readonly #networkTurns = new Map<string, Promise<void>>();
  /** Of two runs on one computer each has its own addresses. */
  readonly #subnet = randomInt(0, 250);

  constructor(options: LocalMachinesOptions) {
    this.#options = options;
  }

  async boot(spec: MachineSpec, stopped: () => void): Promise<PublicAddresses> {
    const stopping = new AbortController();
    const made = this.#make(spec, stopping.signal);
    const machine: LocalMachine = { network: spec.network.id, stopping, stopped, wanted: true, made };
    this.#machines.set(spec.id, machine);
    const { address, qemu } = await made;
    this.#watch(machine, qemu).catch((error) => this.#options.log(messageWithCauses(error)));
    return { v4: address.v4 };
  }

  async powerOff(id: string, how: 'shutdown' | 'off'): Promise<void> {
    const machine = this.#get(id);
    const { folder } = (await machine.made).qemu;
    machine.wanted = false;
    if (how === 'shutdown') await shutDown(folder);
    await endMachine(folder, this.#options.log);
  }

  async powerOn(id: string, { vcpus, memory }: MachineSize): Promise<void> {
    const machine = this.#get(id);
    const { qemu, address } = await machine.made;
    const { signal } = machine.stopping;
    const state = await startMachine({ ...qemu, cpus: vcpus, memory }, { log: this.#options.log, signal });
    for (const [guest, host] of Object.entries(state.forwards)) address.lead(Number(guest), host);
    machine.wanted = true;
  }

  async destroy(id: string): Promise<void> {
    const machine = this.#machines.get(id);
    if (!machine) return;
    machine.stopping.abort();
    // Whatever became of it, its folder goes; why it could not be made is its boot's to tell.
    const made = await machine.made.catch(() => undefined);
    await stopMachine(this.#folderOf(machine.network, id), this.#options.log);
    await made?.address.close();
    this.#machines.delete(id);
    await this.#inTurn(machine.network, () => this.#leave(machine.network));
  }

  /** Ends all that is left, for the end of a test. */
  async close(): Promise<void> {
    await Promise.all([...this.#machines.keys()].map((id) => this.destroy(id)));
  }

  async #make({ id, network, ...spec }: MachineSpec, signal: AbortSignal) {
    const { log, ports } = this.#options;
    const source = images[spec.image];
    if (!source)
      throw new Error(`${spec.image}: of DigitalOcean's images there is ${Object.keys(images)} here`);
    const image = await ensureImage(source, { log, signal });
    const { accelerator } = await chooseAccelerator(image, { log });
    const prefix = network.range.split('/')[1];
    const own = `${network.address}/${prefix}`;
    const qemu: QemuSpec = {
      name: spec.name,
      folder: this.#folderOf(network.id, id),
      image,
      accelerator,
      cpus: spec.size.vcpus,
      memory: spec.size.memory,
      disk: spec.size.disk,
      ...(spec.disks && { emptyDisks: spec.disks }),
      lanMac: lanMac(own),
      seed: renderSeed({
        hostname: spec.name,
        instanceId: id,
        address: own,
        userData: spec.userData,
        isolated: true,
      }),
      ports,
      isolated: true,
    };
    await this.#inTurn(network.id, () => this.#join(network.id));
    const address = await takeAddress(this.#subnet, [guestSshPort, ...ports]);
    try {
      const { forwards } = await startMachine(qemu, { log, signal });
      for (const [guest, host] of Object.entries(forwards)) address.lead(Number(guest), host);
      return { qemu, address };
    } catch (error) {
      await address.close();
      throw error;
    }
  }

  async #watch(machine: LocalMachine, { folder }: QemuSpec): Promise<void> {
    const { signal } = machine.stopping;
    while (!signal.aborted) {
      const running = (await findProcess(machinePaths(folder).pid)) !== undefined;
      if (machine.wanted && !running && !signal.aborted) {
        machine.wanted = false;
        machine.stopped();
      }
      await sleep(lookInterval, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #join(network: string): Promise<void> {
    await startNetwork(this.#networkFolder(network), [], { log: this.#options.log });
  }

  async #leave(network: string): Promise<void> {
    if ([...this.#machines.values()].some((machine) => machine.network === network)) return;
    await stopNetwork(this.#networkFolder(network));
    await rm(this.#networkFolder(network), { recursive: true, force: true });
  }

  #inTurn(network: string, work: () => Promise<void>): Promise<void> {
    const before = this.#networkTurns.get(network) ?? Promise.resolve();
    const turn = before.then(work);
    this.#networkTurns.set(
      network,
      turn.catch(() => undefined),
    );
    return turn;
  }

  #networkFolder(network: string): string {
    return join(this.#options.folder, network);
  }

  #folderOf(network: string, id: string): string {
    return machineFolder(this.#networkFolder(network), id);
  }

  #get(id: string): LocalMachine {
    const machine = this.#machines.get(id);
    if (!machine) throw new Error(`there is no machine ${id}`);
    return machine;
  }
}

/** Presses the power button and waits; whoever does not heed it is ended by the caller. */
async function shutDown(folder: string): Promise<void> {
  const { pid: file, qmp: monitor } = machinePaths(folder);
  const pid = await findProcess(file);
  if (pid === undefined) return;
  await qmp(monitor, { execute: 'system_powerdown' }, monitorDeadline);
  await waitForExit(pid, file, shutdownDeadline);
}
