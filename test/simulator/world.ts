import { applyChange, parseChange } from '../../src/agent/api/change.ts';
import type { Metadata } from '../../src/model/machine.ts';
import { type ClusterState, readClusterState } from '../../src/store/cluster-state.ts';
import { FakeClock } from '../../src/store/fake-clock.ts';
import { leaderKey, machineKey, rootPrefix } from '../../src/store/keys.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { MemoryCluster } from '../../src/store/memory-cluster.ts';
import { entriesOf } from '../../src/store/store.ts';
import { hashOf } from '../../src/unit/hash.ts';
import { Host } from './host.ts';
import { Inspector } from './inspector.ts';
import type { Target, UnitWish } from './plan.ts';
import { Random } from './random.ts';

/** A cluster of real agents and engines in virtual time, with everything that can be done to it. */
export class World {
  readonly clock: FakeClock;
  readonly cluster: MemoryCluster;
  readonly hosts: readonly Host[];
  readonly trace: string[] = [];
  readonly inspector: Inspector;
  /** The user's own way to the store. */
  readonly store: MemoryStore;
  /** Seconds that the wall clock is ahead of virtual time. */
  wallAhead = 0;
  /** Who can't reach the store, by what is in the way. */
  readonly #outages = new Map<string, { readonly hosts: readonly Host[]; readonly silent: boolean }>();
  /** Faults that end by themselves; the latest of its kind counts. */
  readonly #ends = new Map<string, () => void>();

  constructor(machines: readonly Metadata[], noise: number) {
    const random = new Random(noise);
    this.clock = new FakeClock(() => random.next());
    this.cluster = new MemoryCluster(this.clock);
    this.store = new MemoryStore(this.clock, this.cluster);
    this.inspector = new Inspector(
      this.clock,
      this.cluster,
      (line) => this.note(line),
      () => this.hosts,
    );
    const { clock, cluster, inspector: observer } = this;
    this.hosts = machines.map(
      (metadata, index) => new Host(index + 1, metadata, { clock, cluster, random, observer }),
    );
  }

  note(line: string): void {
    this.trace.push(`${(this.clock.now() / 1000).toFixed(3).padStart(9)}  ${line}`);
  }

  /** Lets time pass. Rejects with the first `Violation` that was seen. */
  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000);
    this.inspector.check(this.state());
  }

  state(): ClusterState {
    const { keys, revision } = this.cluster.list(rootPrefix);
    return readClusterState(entriesOf(keys), revision);
  }

  host(target: Target): Host {
    const [leader] = this.cluster.list(leaderKey).keys;
    const found =
      target === 'leader'
        ? this.hosts.find(({ machine }) => machine.id === leader?.value)
        : this.hosts[target % this.hosts.length];
    return found ?? this.hosts[0] ?? fail('a world without machines');
  }

  async apply(put: readonly UnitWish[], destroy: readonly string[] = []): Promise<void> {
    for (const { contents } of put) this.inspector.files.set(hashOf(contents), contents);
    await applyChange(this.store, parseChange({ put, destroy }));
  }

  /** From now on, for so many seconds, the hosts can't reach the store. */
  cut(name: string, hosts: readonly Host[], seconds: number, silent: boolean, end = () => {}): void {
    this.#outages.set(name, { hosts, silent });
    this.#updateLinks();
    this.during(name, seconds, () => {
      end();
      this.#outages.delete(name);
      this.#updateLinks();
    });
  }

  /** No member of the store has a majority: nothing is answered, and no lease runs out. */
  storeDown(seconds: number, silent: boolean): void {
    this.cluster.halt();
    this.cut('store down', this.hosts, seconds, silent, () => this.cluster.resume());
  }

  get storeIsDown(): boolean {
    return this.#outages.has('store down');
  }

  /** The store breaks its word, as etcd before 3.4.31 did now and then. */
  expireLease(host: Host): void {
    host.leaseTakenAt = this.clock.now();
    const [key] = this.cluster.list(machineKey(host.machine.id)).keys;
    if (key?.lease !== undefined) this.cluster.revoke(key.lease);
  }

  /** Calls `end` after so many seconds, or when the faults end. One of the same name takes its place. */
  during(name: string, seconds: number, end: () => void): void {
    const once = () => {
      if (this.#ends.get(name) !== once) return;
      this.#ends.delete(name);
      this.note(`${name}: over`);
      end();
    };
    this.#ends.set(name, once);
    this.clock.after(seconds * 1000, once);
  }

  /** Ends all faults that can end. */
  mend(): void {
    for (const end of [...this.#ends.values()]) end();
    for (const host of this.hosts) host.boot();
  }

  /** Ends every process. */
  close(): void {
    for (const host of this.hosts) host.powerOff();
    void this.store.close();
    this.inspector.close();
  }

  #updateLinks(): void {
    for (const host of this.hosts) {
      const outages = [...this.#outages.values()].filter(({ hosts }) => hosts.includes(host));
      const refused = outages.some(({ silent }) => !silent);
      host.link.state = outages.length === 0 ? 'up' : refused ? 'refused' : 'silent';
    }
  }
}

function fail(message: string): never {
  throw new Error(message);
}
