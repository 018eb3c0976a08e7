import type { Clock } from '../../src/store/clock.ts';
import { leaderKey, prefixes, rootPrefix } from '../../src/store/keys.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { MemoryCluster } from '../../src/store/memory-cluster.ts';

/** Seconds a machine must be back for its next absence to count as a new one: a leader may not have seen it between. */
const backFor = 20;

/** Since when things are as they are in the store: the truth that no leader knows. */
export class History {
  readonly #clock: Clock;
  readonly #store: MemoryStore;
  readonly #appeared = new Map<string, number>();
  readonly #vanished = new Map<string, number>();
  #leaderSince = 0;
  #leads = false;
  /** When a placement was written or deleted last. */
  #decidedAt = 0;

  constructor(clock: Clock, cluster: MemoryCluster) {
    this.#clock = clock;
    this.#store = new MemoryStore(clock, cluster);
    void this.#follow();
  }

  /** Seconds since the leader's key was taken. */
  get leaderFor(): number {
    return this.#secondsSince(this.#leaderSince);
  }

  /** Seconds since the last decision. */
  get decidedFor(): number {
    return this.#secondsSince(this.#decidedAt);
  }

  /** Seconds since the key of each missing machine vanished. */
  get missingFor(): Map<string, number> {
    return new Map([...this.#vanished].map(([id, at]) => [id, this.#secondsSince(at)]));
  }

  close(): void {
    void this.#store.close();
  }

  async #follow(): Promise<void> {
    const never = new AbortController().signal;
    for await (const { type, key } of this.#store.watch(rootPrefix, 0n, never)) {
      if (key.startsWith(prefixes.machine)) this.#saw(key.slice(prefixes.machine.length), type === 'put');
      if (key.startsWith(prefixes.placement)) this.#decidedAt = this.#clock.now();
      if (key !== leaderKey) continue;
      if (type === 'put' && !this.#leads) this.#leaderSince = this.#clock.now();
      this.#leads = type === 'put';
    }
  }

  #saw(id: string, present: boolean): void {
    const now = this.#clock.now();
    if (present && !this.#appeared.has(id)) this.#appeared.set(id, now);
    if (present) return;
    const appeared = this.#appeared.get(id) ?? now;
    if (!this.#vanished.has(id) || this.#secondsSince(appeared) >= backFor) this.#vanished.set(id, now);
    this.#appeared.delete(id);
  }

  #secondsSince(at: number): number {
    return (this.#clock.now() - at) / 1000;
  }
}
