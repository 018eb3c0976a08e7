import type { UnitStatus } from '../../model/status.ts';
import type { Clock } from '../../store/clock.ts';
import { parseStatus, prefixes, splitPair } from '../../store/keys.ts';
import { type MirrorView, mirror } from '../../store/mirror.ts';
import type { Store } from '../../store/store.ts';
import type { Log } from '../log.ts';

export interface UnitSightingsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when something may have changed for a unit that is watched. */
  readonly onChange: () => void;
}

/** What machines said of a unit, this one included. Times are milliseconds on the agent's clock. */
export interface Sighting {
  readonly status: UnitStatus;
  /** When the machine took it back, or its lease ended; absent while it says so. */
  readonly goneAt?: number;
}

/** With the revision it was written at. */
type NotedSighting = Sighting & { readonly revision: bigint };

/** Milliseconds that changes are collected for: while a big cluster starts, there are many, and few matter here. */
const collectFor = 100;

/**
 * What all machines say of some units. It costs a copy of every state in the cluster, so it is kept only while
 * there is a unit to watch.
 */
export class UnitSightings {
  readonly #options: UnitSightingsOptions;
  #watched: ReadonlySet<string> = new Set();
  #following: AbortController | undefined;
  #revision = 0n;
  /** By key. */
  #sightings: ReadonlyMap<string, NotedSighting> = new Map();

  constructor(options: UnitSightingsOptions) {
    this.#options = options;
  }

  /** The store's revision up to which all is known of the watched units; 0n while nothing is. */
  get revision(): bigint {
    return this.#revision;
  }

  watch(units: ReadonlySet<string>): void {
    const more = [...units].some((unit) => !this.#watched.has(unit));
    this.#watched = units;
    // What is not watched is not kept, so for more units all is read anew.
    if (more || units.size === 0) this.#stop();
    if (units.size === 0) this.#sightings = new Map();
    else if (this.#following === undefined) this.#follow();
  }

  of(unit: string): Sighting[] {
    return [...this.#sightings.values()].filter(({ status }) => status.unit === unit);
  }

  #stop(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#revision = 0n;
  }

  #follow(): void {
    const { store, clock, log } = this.#options;
    const following = new AbortController();
    this.#following = following;
    let latest: MirrorView | undefined;
    const take = () => {
      if (latest && !following.signal.aborted) this.#take(latest);
      latest = undefined;
    };
    const onChange = (view: MirrorView) => {
      if (latest === undefined) clock.after(collectFor, take);
      latest = view;
    };
    void mirror({ store, prefix: prefixes.status, clock, log, onChange }, following.signal);
  }

  #take({ entries, revision }: MirrorView): void {
    const now = this.#options.clock.now();
    const known = [...this.#sightings];
    const next = new Map<string, NotedSighting>();
    for (const [key, entry] of entries) {
      if (!this.#watched.has(splitPair(key, prefixes.status)[1])) continue;
      const parsed = parseStatus(key, entry.value);
      if ('value' in parsed) next.set(key, { status: parsed.value, revision: entry.revision });
    }
    for (const [key, { goneAt = now, ...sighting }] of known) {
      if (!next.has(key) && this.#watched.has(sighting.status.unit)) next.set(key, { ...sighting, goneAt });
    }
    const first = this.#revision === 0n;
    this.#sightings = next;
    this.#revision = revision;
    if (first || differ(known, next)) this.#options.onChange();
  }
}

function differ(
  known: readonly (readonly [string, NotedSighting])[],
  next: ReadonlyMap<string, NotedSighting>,
): boolean {
  return (
    known.length !== next.size ||
    known.some(([key, { revision, goneAt }]) => {
      const now = next.get(key);
      return now?.revision !== revision || now.goneAt !== goneAt;
    })
  );
}
