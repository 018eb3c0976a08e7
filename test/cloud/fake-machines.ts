import type { MachineSize, MachineSpec, Machines, PublicAddresses } from './machines.ts';

/** A machine that exists in memory only. */
export interface FakeMachine {
  readonly spec: MachineSpec;
  readonly size: MachineSize;
  readonly running: boolean;
  /** How often it was started. */
  readonly boots: number;
  readonly stopped: () => void;
}

/** Machines in memory: they boot at once, at addresses kept for documentation (RFC 5737), and do nothing. */
export class FakeMachines implements Machines {
  readonly #machines = new Map<string, FakeMachine>();
  #addresses = 0;

  async boot(spec: MachineSpec, stopped: () => void): Promise<PublicAddresses> {
    this.#machines.set(spec.id, { spec, size: spec.size, running: true, boots: 1, stopped });
    this.#addresses += 1;
    return { v4: `203.0.113.${this.#addresses}`, v6: `2001:db8::${this.#addresses.toString(16)}` };
  }

  async powerOff(id: string): Promise<void> {
    this.#machines.set(id, { ...this.get(id), running: false });
  }

  async powerOn(id: string, size: MachineSize): Promise<void> {
    const machine = this.get(id);
    this.#machines.set(id, { ...machine, size, running: true, boots: machine.boots + 1 });
  }

  async destroy(id: string): Promise<void> {
    this.#machines.delete(id);
  }

  /** Stops a machine as if it had crashed. */
  crash(name: string): void {
    const machine = this.named(name);
    this.#machines.set(machine.spec.id, { ...machine, running: false });
    machine.stopped();
  }

  /** @throws when there is none of that name, or more than one */
  named(name: string): FakeMachine {
    const [machine, ...others] = [...this.#machines.values()].filter((each) => each.spec.name === name);
    if (!machine || others.length > 0)
      throw new Error(`${others.length + (machine ? 1 : 0)} machines ${name}`);
    return machine;
  }

  names(): string[] {
    return [...this.#machines.values()].map(({ spec }) => spec.name).sort();
  }

  private get(id: string): FakeMachine {
    const machine = this.#machines.get(id);
    if (!machine) throw new Error(`there is no machine ${id}`);
    return machine;
  }
}
