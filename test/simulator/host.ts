import { FakeImageHost } from '../../src/agent/image/fake-image-host.ts';
import { FakeSystemd } from '../../src/agent/systemd/fake-systemd.ts';
import type { Machine, Metadata } from '../../src/model/machine.ts';
import { type Clock, sleep } from '../../src/store/clock.ts';
import type { MemoryCluster } from '../../src/store/memory-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { Link } from './link.ts';
import { theImage } from './plan.ts';
import type { Random } from './random.ts';
import type { Decided } from './witness.ts';

/** Milliseconds that an agent gets to end: `farewell` in `src/agent/main.ts`. */
const farewell = 3000;

/** Milliseconds to wait for an answer: `src/agent/engine/dial.ts`. */
const dialPatience = 2000;

/** Milliseconds that a unit takes to stop at most. */
const stopTime = 2000;

/** Milliseconds after a boot in which an image arrives at the latest. */
const imageTime = 5000;

/** Milliseconds between two looks of systemd at whether a service has ended that it shall start again. */
const restartPause = 100;

export interface HostObserver {
  /** Whether one machine's kernel answers another. */
  answers(asking: Host, address: string): boolean;
  note(line: string): void;
  onDecided(host: Host, decided: Decided): void;
  onStop(host: Host, process: AgentProcess, names: readonly string[]): Promise<void>;
  onStart(host: Host, process: AgentProcess, names: readonly string[]): Promise<void>;
}

export interface HostOptions {
  readonly clock: Clock;
  readonly cluster: MemoryCluster;
  readonly random: Random;
  readonly observer: HostObserver;
}

/** A machine: what it has outlives the agents that run on it, and some of it outlives a loss of power. */
export class Host {
  readonly systemd: FakeSystemd;
  readonly images: FakeImageHost;
  readonly link: Link;
  /** Undefined while no agent runs. */
  process: AgentProcess | undefined;
  /** Whether it has power. */
  on = false;
  /** Whether other machines reach it. */
  reachable = true;
  /** When the store took its lease away early, in milliseconds. */
  leaseTakenAt = Number.NEGATIVE_INFINITY;
  /** Never to be seen again. */
  lost = false;
  machine: Machine;
  #boots = 0;
  readonly #options: HostOptions;

  constructor(number: number, metadata: Metadata, options: HostOptions) {
    this.#options = options;
    this.machine = machineNumber(number, metadata);
    this.link = new Link(options.clock, options.random);
    this.systemd = new FakeSystemd(options.clock);
    this.images = new FakeImageHost(this.machine.id, new Map());
  }

  get name(): string {
    return this.machine.name;
  }

  /** Gives it power if it has none, and starts its agent. */
  boot(): void {
    if (this.lost) return;
    if (!this.on) {
      this.machine = { ...this.machine, bootId: `${this.name} boot ${++this.#boots}` };
      const { clock, random } = this.#options;
      clock.after(random.below(imageTime), () => this.images.docker.set(theImage, 'sha256:1'));
    }
    this.on = true;
    this.start();
  }

  /** Starts the agent, as soon as the one before has ended. */
  start(): void {
    if (this.process?.ending) this.#options.clock.after(restartPause, () => this.start());
    if (!this.process && this.on) this.#launch();
  }

  /** SIGTERM: the agent ends in its own time, or is killed when it takes too long. */
  terminate(): void {
    const { process } = this;
    if (!process) return;
    process.terminate();
    this.#options.clock.after(farewell, () => this.#bury(process));
  }

  /** SIGKILL to the agent. Units run on. */
  kill(): void {
    if (this.process) this.#bury(this.process);
  }

  /** The power is gone, and all units with it; what was under /run is gone when it comes back. */
  powerOff(): void {
    this.kill();
    this.on = false;
    this.systemd.reboot();
    this.images.docker.clear();
  }

  #bury(process: AgentProcess): void {
    process.kill();
    if (this.process === process) this.process = undefined;
  }

  #launch(): void {
    const { clock, cluster, random, observer } = this.#options;
    const { machine, link, systemd, images: imageHost } = this;
    const process: AgentProcess = new AgentProcess({
      ...{ machine, clock, cluster, link, systemd, imageHost, offset: random.below(1_000_000) },
      dial: (address) => this.#dial(address),
      observer: {
        onLog: (line) => observer.note(`${this.name} says: ${line}`),
        onDecided: (decided) => observer.onDecided(this, decided),
        onStart: (names) => observer.onStart(this, process, names),
        onStop: (names) => {
          for (const name of names) systemd.slow.set(name, random.below(stopTime));
          return observer.onStop(this, process, names);
        },
      },
    });
    this.process = process;
    void process.ended.then(() => this.#bury(process));
  }

  /** Who gets no answer has waited for it. */
  async #dial(address: string): Promise<boolean> {
    const { clock, observer } = this.#options;
    if (observer.answers(this, address)) return true;
    await sleep(clock, dialPatience);
    return observer.answers(this, address);
  }
}

function machineNumber(number: number, metadata: Metadata): Machine {
  return {
    id: String(number).repeat(32),
    name: `core-${number}`,
    address: `10.0.0.${number}`,
    metadata,
    capacity: { cpus: 1, memory: 1024 },
    version: '1',
    bootId: '',
  };
}
