/** Milliseconds until what failed is tried again; doubled with each failure in a row, up to `longest`. */
const shortest = 2000;
const longest = 30_000;

interface Failure {
  /** What was wanted of the unit then: for something else it is tried at once. */
  readonly wanted: string;
  readonly count: number;
  readonly until: number;
}

/** Which units failed, and when each is to be tried again. Times are milliseconds on the caller's clock. */
export class Retries {
  readonly #failures = new Map<string, Failure>();

  failed(unit: string, wanted: string, now: number): void {
    const known = this.#failures.get(unit);
    const count = known?.wanted === wanted ? known.count + 1 : 1;
    const pause = Math.min(shortest * 2 ** (count - 1), longest);
    this.#failures.set(unit, { wanted, count, until: now + pause });
  }

  succeeded(unit: string): void {
    this.#failures.delete(unit);
  }

  /** Units that are to be left alone for now, `wanted` being what is wanted of each. */
  resting(wanted: (unit: string) => string, now: number): Set<string> {
    const failures = [...this.#failures].filter(
      ([unit, failure]) => failure.until > now && failure.wanted === wanted(unit),
    );
    return new Set(failures.map(([unit]) => unit));
  }

  /** Forgets all others: of what has nothing to be done to it nothing has to be tried again. */
  keep(units: ReadonlySet<string>): void {
    for (const unit of this.#failures.keys()) if (!units.has(unit)) this.#failures.delete(unit);
  }

  /** Milliseconds until the next try of one that is not among `others`; infinite when there is none. */
  next(now: number, others: ReadonlyMap<string, unknown>): number {
    const ends = [...this.#failures].flatMap(([unit, { until }]) => (others.has(unit) ? [] : until - now));
    return Math.max(Math.min(...ends), 0);
  }
}
