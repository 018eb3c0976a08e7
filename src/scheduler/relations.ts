import { components, type Graph } from '../unit/graph.ts';
import { templateOf } from '../unit/name.ts';
import { type GlobIndex, indexGlobs } from './globs.ts';
import { componentNumbers, numbers, type Peer, peersOf } from './peers.ts';
import type { WantedUnit } from './snapshot.ts';

/** How the wanted, active units stand to each other. Units are numbered in the order of their names. */
export interface Relations {
  readonly units: readonly WantedUnit[];
  readonly numberOf: ReadonlyMap<string, number>;
  readonly conflicts: GlobIndex;
  /** By unit: the units it must be with. */
  readonly peers: readonly (readonly Peer[])[];
  /** By unit: the units that must be with it. */
  readonly followers: readonly (readonly number[])[];
  /** By unit: the units that push it off their machine. */
  readonly replacers: readonly ReadonlySet<number>[];
  /** By unit: the template it is an instance of. */
  readonly template: readonly (string | undefined)[];
  /** By unit: every `MaxPerMachine=` that an instance of its template gives. More than one while they change. */
  readonly limits: readonly (readonly number[])[];
  /** By template: every `Spread=` that an instance gives. */
  readonly spreadKeys: ReadonlyMap<string, readonly string[]>;
  /** Every unit after its peers and its replacers; else in the order of their names. */
  readonly order: readonly number[];
  /** By unit: its place in `order`. */
  readonly rank: Int32Array;
  /** Units whose `MachineOf=` lead back to themselves, each with the whole circle. */
  readonly circles: ReadonlyMap<number, readonly number[]>;
}

/** `units` must be sorted by name. */
export function relate(units: readonly WantedUnit[]): Relations {
  const names = units.map(({ name }) => name);
  const numberOf = new Map(names.map((name, number) => [name, number]));
  const conflicts = indexGlobs(
    names,
    units.map(({ requirements }) => requirements.conflicts),
  );
  const template = names.map(templateOf);
  const peers = peersOf(units, numberOf);
  const known = peers.map(numbers);
  const replacers = effectiveReplacers(units, names, known);
  const ordered = components(known.map((list, unit) => [...list, ...(replacers[unit] ?? [])]));
  const order = ordered.flat();
  const limits = byTemplate(template, (unit) => units[unit]?.flotilla.maxPerMachine);
  return {
    ...{ units, numberOf, conflicts, peers, replacers, template, order },
    followers: reverse(known),
    limits: template.map((family) => limits.get(family ?? '') ?? none),
    spreadKeys: byTemplate(template, (unit) => units[unit]?.flotilla.spread),
    rank: ranks(order),
    circles: findCircles(ordered, known),
  };
}

const none: readonly number[] = [];

/** The different values that the instances of each template give, in the order of the units. */
function byTemplate<T>(
  template: readonly (string | undefined)[],
  given: (unit: number) => T | undefined,
): Map<string, T[]> {
  const found = new Map<string, T[]>();
  template.forEach((family, unit) => {
    const value = family === undefined ? undefined : given(unit);
    if (family === undefined || value === undefined) return;
    const values = found.get(family) ?? [];
    if (!values.includes(value)) values.push(value);
    found.set(family, values);
  });
  return found;
}

function ranks(order: readonly number[]): Int32Array {
  const rank = new Int32Array(order.length);
  order.forEach((unit, place) => {
    rank[unit] = place;
  });
  return rank;
}

/**
 * Who replaces whom. Units that replace each other in a circle would chase one another for ever, so inside a
 * circle, which may also run through `MachineOf=`, no one replaces anyone. fleet had this rule for pairs.
 */
function effectiveReplacers(
  units: readonly WantedUnit[],
  names: readonly string[],
  peers: Graph,
): Set<number>[] {
  const globs = indexGlobs(
    names,
    units.map(({ requirements }) => requirements.replaces),
  );
  // Globs are nodes of their own: an edge from each replaced unit to each replacer could be millions.
  const toGlobs = globs.matching.map((list, unit) => [
    ...(peers[unit] ?? []),
    ...list.map((g) => names.length + g),
  ]);
  const circle = componentNumbers([...toGlobs, ...globs.holders]);
  // Instances of one template that name themselves are one circle: told by the glob, not by each pair of them.
  const soleCircle = globs.holders.map((list) => {
    const first = circle[list[0] ?? 0];
    return list.every((holder) => circle[holder] === first) ? first : undefined;
  });
  return globs.matching.map((list, unit) => {
    const holders = list.flatMap((glob) =>
      soleCircle[glob] === circle[unit] ? [] : (globs.holders[glob] ?? []),
    );
    return new Set(holders.filter((holder) => circle[holder] !== circle[unit]));
  });
}

function reverse(graph: Graph): number[][] {
  const reversed: number[][] = graph.map(() => []);
  graph.forEach((targets, node) => {
    for (const target of targets) reversed[target]?.push(node);
  });
  return reversed;
}

function findCircles(ordered: readonly number[][], peers: Graph): Map<number, number[]> {
  const circles = ordered.filter(([first = 0, ...rest]) => rest.length > 0 || peers[first]?.includes(first));
  return new Map(circles.flatMap((circle) => circle.map((unit): [number, number[]] => [unit, circle])));
}
