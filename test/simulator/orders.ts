import type { Placement } from '../../src/model/placement.ts';
import type { Clock } from '../../src/store/clock.ts';
import { parsePlacement } from '../../src/store/keys.ts';
import type { KnownKeys } from './witness.ts';

/** What the engine wanted of one machine, as its agent heard it. */
export type Order = ReadonlyMap<string, Placement>;

/** Milliseconds for which an agent may still act on an order that a newer one has overtaken. */
const overtaken = 60_000;

/** The orders that an agent has heard lately. */
export class Orders {
  readonly #clock: Clock;
  #heard: { readonly at: number; readonly order: Order }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  heard(keys: KnownKeys | undefined): void {
    const placements = [...(keys ?? [])].flatMap(([key, { value }]) => {
      const parsed = parsePlacement(key, value);
      return 'value' in parsed ? parsed.value : [];
    });
    this.#heard.push({ at: this.#clock.now(), order: new Map(placements.map((it) => [it.unit, it])) });
  }

  /** Those that an agent may be acting on now, the newest first. */
  get current(): readonly Order[] {
    const since = this.#clock.now() - overtaken;
    const newest = this.#heard.findLastIndex(({ at }) => at <= since);
    this.#heard = this.#heard.slice(Math.max(newest, 0));
    return this.#heard.map(({ order }) => order).reverse();
  }
}
