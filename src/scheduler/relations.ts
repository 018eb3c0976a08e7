import { templateOf } from '../unit/name.ts';
import { type GlobIndex, indexGlobs } from './globs.ts';
import { components, type Graph } from './graph.ts';
import type { WantedUnit } from './snapshot.ts';

/** How the wanted, active units stand to each other. Units are numbered in the order of their names. */
export interface Relations {
  readonly units: readonly WantedUnit[];
  readonly numberOf: ReadonlyMap<string, number>;
  readonly conflicts: GlobIndex;
  /** By unit: the units it must be with; undefined in place of one that is not among them. */
  readonly peers: readonly (readonly (number | undefined)[])[];
  /** By unit: the units that must be with it. */
  readonly followers: readonly (readonly number[])[];
  /** By unit: the units that push it off their machine. */
  readonly replacers: readonly ReadonlySet<number>[];
  /** By unit: the template it is an instance of. */
  readonly template: readonly (string | undefined)[];
  /** Every unit after its peers and its replacers; else in the order of their names. */
  readonly order: readonly number[];
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
  const peers = units.map(({ requirements }) => requirements.machineOf.map((peer) => numberOf.get(peer)));
  const known = peers.map((list) => list.filter((peer) => peer !== undefined));
  const replacers = effectiveReplacers(units, names, known);
  const ordered = components(known.map((list, unit) => [...list, ...(replacers[unit] ?? [])]));
  return {
    ...{ units, numberOf, conflicts, peers, replacers },
    followers: reverse(known),
    template: names.map(templateOf),
    order: ordered.flat(),
    circles: findCircles(ordered, known),
  };
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

function componentNumbers(graph: Graph): Int32Array {
  const numbers = new Int32Array(graph.length);
  components(graph).forEach((nodes, number) => {
    for (const node of nodes) numbers[node] = number;
  });
  return numbers;
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
