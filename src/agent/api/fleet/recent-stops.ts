/** Milliseconds after a stop in which `fleetctl restart` asks: it looks for the first time after 250. */
const patience = 3000;

/**
 * Units that a client of fleet asked to stop a moment ago. `fleetctl restart` makes a unit `loaded` and then waits,
 * without an end, until it is *`launched`*, before it launches it again; with fleet that worked, since its agents
 * took seconds to stop anything and the first look still saw the old state. Ours are faster than that first look,
 * so it is shown the old state once.
 */
export class RecentStops {
  readonly #now: () => number;
  readonly #stops = new Map<string, number>();

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(unit: string): void {
    for (const [name, at] of this.#stops) if (this.#isOver(at)) this.#stops.delete(name);
    this.#stops.set(unit, this.#now());
  }

  /** Whether the unit was asked to stop a moment ago; true once for each time. */
  take(unit: string): boolean {
    const at = this.#stops.get(unit);
    this.#stops.delete(unit);
    return at !== undefined && !this.#isOver(at);
  }

  #isOver(at: number): boolean {
    return this.#now() - at > patience;
  }
}
