import type { Reason } from '../../model/reason.ts';
import type { Clock } from '../../store/clock.ts';
import type { Lease, Store } from '../../store/store.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { Log } from '../log.ts';
import { membershipOf } from './fence.ts';
import { type Circumstances, type Wait, waitOf, watchedFor } from './start-rules.ts';
import { UnitSightings } from './unit-sightings.ts';

export interface WaitsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineId: string;
  /** The store's revision of what this machine last said of a unit under the lease. */
  readonly claimOf: (unit: string, lease: Lease) => bigint | undefined;
  readonly unwritten: Circumstances['unwritten'];
  readonly lacking: Circumstances['lacking'];
  /** Called when a wait may be over. */
  readonly onChange: () => void;
}

/** The machine as it is now. */
export interface Situation {
  readonly lease: Lease | undefined;
  /** Needs of the units whose files are here, or are about to be. */
  readonly needs: ReadonlyMap<string, UnitNeeds>;
  /** Needs of the units that are being stopped. */
  readonly stopping: ReadonlyMap<string, UnitNeeds>;
  /** See `Circumstances.vouched`. */
  readonly vouched: Circumstances['vouched'];
}

/** Which units wait for being started, and for what. */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #sightings: UnitSightings;
  #waiting: ReadonlyMap<string, Wait> = new Map();

  constructor(options: WaitsOptions) {
    this.#options = options;
    this.#sightings = new UnitSightings(options);
  }

  reasonOf(unit: string): Reason | undefined {
    return this.#waiting.get(unit)?.reason;
  }

  /** When the first wait ends of itself, on the clock; infinite when none does. */
  get nextEnd(): number {
    return Math.min(...[...this.#waiting.values()].map(({ until = Number.POSITIVE_INFINITY }) => until));
  }

  /** Whether another machine says anything of one of them, as far as this is known. */
  claimedElsewhere(units: readonly string[]): boolean {
    const { machineId } = this.#options;
    return units.some((unit) =>
      this.#sightings.of(unit).some(({ status }) => status.machineId !== machineId),
    );
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#sightings.watch(new Set());
    this.#waiting = new Map();
  }

  /** These shall be started, and no others: `reasonOf` says of each what it waits for. */
  look(starts: readonly string[], { lease, ...situation }: Situation): void {
    const { clock, machineId, log, claimOf, unwritten, lacking } = this.#options;
    const now = clock.now();
    this.#sightings.watch(watchedFor(starts, situation.needs));
    const claimed = (unit: string) =>
      this.#sightings.revision >= ((lease && claimOf(unit, lease)) ?? Infinity);
    const sightings = (unit: string) => this.#sightings.of(unit);
    const membership = membershipOf(lease, now);
    const known = { now, machineId, membership, sightings, claimed, unwritten, lacking };
    const circumstances = { ...situation, ...known };
    const waiting = new Map<string, Wait>();
    for (const unit of starts) {
      const wait = waitOf(unit, circumstances);
      if (wait === undefined) continue;
      waiting.set(unit, wait);
      if (wait.reason !== this.reasonOf(unit)) log(`${unit} ${wait.reason}`);
    }
    this.#waiting = waiting;
  }
}
