import type { ManagedUnit, NewUnit, Systemd } from '../../src/agent/systemd/systemd.ts';
import type { Clock } from '../../src/store/clock.ts';
import type { Gate } from './gate.ts';

/** A process's view of virtual time. Each clock has a zero of its own: nobody may compare it with another's. */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  readonly #gate: Gate;
  readonly #offset: number;

  constructor(world: Clock, gate: Gate, offset: number) {
    this.#world = world;
    this.#gate = gate;
    this.#offset = offset;
  }

  now(): number {
    return this.#world.now() + this.#offset;
  }

  random(): number {
    return this.#world.random();
  }

  after(delay: number, action: () => void): () => void {
    let wanted = true;
    const fire = () => this.#gate.run(() => wanted && action());
    const cancel = this.#world.after(delay, fire);
    return () => {
      wanted = false;
      cancel();
    };
  }
}

/** What systemd is asked to do, told before it does so. */
export interface SystemdObserver {
  onStop(names: readonly string[]): Promise<void>;
  onStart(names: readonly string[]): Promise<void>;
}

/** systemd as one process sees it: what it asked for goes on when the process dies. */
export class ProcessSystemd implements Systemd {
  readonly #systemd: Systemd;
  readonly #gate: Gate;
  readonly #observer: SystemdObserver;

  constructor(systemd: Systemd, gate: Gate, observer: SystemdObserver) {
    this.#systemd = systemd;
    this.#gate = gate;
    this.#observer = observer;
  }

  list(): Promise<readonly ManagedUnit[]> {
    return this.#gate.pass(this.#systemd.list());
  }

  install(write: readonly NewUnit[], remove: readonly string[]): Promise<void> {
    return this.#gate.pass(this.#systemd.install(write, remove));
  }

  start(names: readonly string[]): Promise<void> {
    return this.#gate.pass(this.#observer.onStart(names).then(() => this.#systemd.start(names)));
  }

  stop(names: readonly string[]): Promise<void> {
    return this.#gate.pass(this.#observer.onStop(names).then(() => this.#systemd.stop(names)));
  }

  reload(names: readonly string[]): Promise<void> {
    return this.#gate.pass(this.#systemd.reload(names));
  }

  journal(name: string, lines: number): Promise<readonly string[]> {
    return this.#gate.pass(this.#systemd.journal(name, lines));
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    try {
      for await (const _ of this.#systemd.changes(AbortSignal.any([signal, this.#gate.gone]))) {
        await this.#gate.pass(Promise.resolve());
        yield;
      }
    } finally {
      await this.#gate.pass(Promise.resolve());
    }
  }

  guard(remaining: () => number): Promise<void> {
    return this.#gate.pass(this.#systemd.guard(remaining));
  }
}
