/** What one machine ran from a moment on, until the machine's next sighting. */
export interface Sighting {
  readonly machine: string;
  /** Milliseconds on this computer's clock, `performance.now()`. */
  readonly at: number;
  /** Names of the units that have processes. */
  readonly running: readonly string[];
}

/** Copies of one unit in the whole cluster, from a moment on. */
interface Count {
  readonly at: number;
  readonly copies: number;
}

/** Machines on which the unit has processes after the last sighting. */
export function machinesWith(sightings: readonly Sighting[], unit: string): string[] {
  const last = new Map(ordered(sightings).map(({ machine, running }) => [machine, running]));
  return [...last].flatMap(([machine, running]) => (running.includes(unit) ? machine : []));
}

/** When the unit was first seen to run after `moment`; undefined when it was not. */
export function runsAt(sightings: readonly Sighting[], unit: string, moment: number): number | undefined {
  return ordered(sightings).find(({ at, running }) => at > moment && running.includes(unit))?.at;
}

/** When the unit was first seen not to run any more on the machine after `moment`; undefined when it was not. */
export function endsAt(
  sightings: readonly Sighting[],
  { machine, unit }: { readonly machine: string; readonly unit: string },
  moment: number,
): number | undefined {
  return ordered(sightings).find(
    (one) => one.machine === machine && one.at > moment && !one.running.includes(unit),
  )?.at;
}

/** The most copies of the unit at one moment. */
export function mostCopies(sightings: readonly Sighting[], unit: string, from: number): number {
  const counts = copiesOf(sightings, unit);
  const during = counts.filter(({ at }, index) => at >= from || (counts[index + 1]?.at ?? Infinity) > from);
  return Math.max(0, ...during.map(({ copies }) => copies));
}

/**
 * The moment, `from` or later, since which each of the units has run exactly once without a break. Undefined while
 * one does not.
 */
export function singleSince(
  sightings: readonly Sighting[],
  units: readonly string[],
  from: number,
): number | undefined {
  const since = units.map((unit) => {
    const counts = copiesOf(sightings, unit);
    const wrong = counts.findLastIndex(({ copies }) => copies !== 1);
    return counts[wrong + 1]?.at;
  });
  return since.reduce<number | undefined>(
    (latest, at) => (latest === undefined || at === undefined ? undefined : Math.max(latest, at)),
    from,
  );
}

function copiesOf(sightings: readonly Sighting[], unit: string): Count[] {
  const machines = new Set<string>();
  return ordered(sightings).map(({ machine, at, running }) => {
    if (running.includes(unit)) machines.add(machine);
    else machines.delete(machine);
    return { at, copies: machines.size };
  });
}

function ordered(sightings: readonly Sighting[]): readonly Sighting[] {
  return [...sightings].sort((one, other) => one.at - other.at);
}
