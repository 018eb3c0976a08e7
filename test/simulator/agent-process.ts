import { runAgent } from '../../src/agent/agent.ts';
import type { Dial } from '../../src/agent/engine/second-opinion.ts';
import type { ImageHost } from '../../src/agent/image/image-host.ts';
import type { RunProbe } from '../../src/agent/machine/probe.ts';
import type { Systemd } from '../../src/agent/systemd/systemd.ts';
import type { Machine } from '../../src/model/machine.ts';
import type { Clock } from '../../src/store/clock.ts';
import { placementPrefix } from '../../src/store/keys.ts';
import type { MemoryCluster } from '../../src/store/memory-cluster.ts';
import { Gate } from './gate.ts';
import type { Link } from './link.ts';
import { Orders } from './orders.ts';
import { ProcessClock, ProcessSystemd, type SystemdObserver } from './process.ts';
import { SimulatedStore } from './simulated-store.ts';
import { type Decided, Witness } from './witness.ts';

/** What an agent finds on its machine. */
export interface Surroundings {
  readonly machine: Machine;
  /** The world's clock, and what the process's own is ahead of it, in milliseconds. */
  readonly clock: Clock;
  readonly offset: number;
  readonly cluster: MemoryCluster;
  readonly link: Link;
  readonly systemd: Systemd;
  readonly imageHost: ImageHost;
  readonly dial: Dial;
  readonly observer: SystemdObserver & {
    onDecided(decided: Decided): void;
    onLog(line: string): void;
  };
}

/** One life of an agent, from its start to its death. */
export class AgentProcess {
  readonly gate: Gate;
  /** What the engine told it lately. */
  readonly orders: Orders;
  /** All that it logged. */
  readonly log: string[] = [];
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>;
  /** It was told to end, and may not have heard of it yet. */
  ending = false;
  readonly #clock: Clock;
  readonly #store: SimulatedStore;
  readonly #stop = new AbortController();
  #renewed: number;

  constructor(around: Surroundings) {
    const { clock: world, cluster, link, machine, observer } = around;
    this.#clock = world;
    this.#renewed = world.now();
    this.gate = new Gate((action) => void world.after(0, action));
    this.orders = new Orders(world);
    const { gate } = this;
    const clock = new ProcessClock(world, gate, around.offset);
    this.#store = new SimulatedStore({ cluster, clock, link, gate, witness: this.#witness(around) });
    const systemd = new ProcessSystemd(around.systemd, gate, observer);
    const log = (line: string) => {
      this.log.push(line);
      observer.onLog(line);
    };
    const dial: Dial = (address) => gate.pass(around.dial(address));
    const { imageHost } = around;
    const agent = { store: this.#store, systemd, clock, log, machine, dial, runProbe: allIsWell, imageHost };
    this.ended = runAgent(agent, this.#stop.signal);
  }

  /** SIGTERM */
  terminate(): void {
    this.ending = true;
    this.gate.run(() => this.#stop.abort());
  }

  /** SIGKILL. Nothing reaches it any more. */
  kill(): void {
    this.gate.kill();
    void this.#store.close();
  }

  /** Seconds since it sent the last renewal of its lease that was answered, or since its start. */
  get leaseAge(): number {
    return (this.#clock.now() - this.#renewed) / 1000;
  }

  #witness({ machine, observer }: Surroundings): Witness {
    const own = placementPrefix(machine.id);
    const witness = new Witness();
    witness.onDecided = (decided) => observer.onDecided(decided);
    witness.onHeard = (prefix) => prefix === own && this.orders.heard(witness.known(own));
    witness.onRenewed = (ago) => {
      this.#renewed = this.#clock.now() - ago;
    };
    return witness;
  }
}

/** Probes find every unit ready. */
const allIsWell: RunProbe = async () => ({ ok: true, detail: 'answered 200' });
