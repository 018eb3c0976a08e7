import { flotillaSection, readFlotillaOptions } from './flotilla-options.ts';
import { components } from './graph.ts';
import type { ParsedUnit } from './parse.ts';
import { type Problem, problemIn } from './problem.ts';
import type { Source } from './source.ts';

/**
 * Units that would wait for one another for ever. What waits for a unit outside of this set can't be told here; the
 * agents' API does, which knows all units (src/agent/api/refuse-circles.ts).
 */
export function checkAfterReady(sources: readonly Source[]): Problem[] {
  const waiting = sources.filter(({ parsed }) => afterReadyLine(parsed) !== undefined);
  const edges = new Map(
    waiting.flatMap(({ units, parsed }) =>
      units.map(({ name }): [string, readonly string[]] => [
        name,
        readFlotillaOptions(name, parsed.options).afterReady,
      ]),
    ),
  );
  return circlesOf(edges).flatMap((circle) => {
    const source = waiting.find(({ units }) => units.some(({ name }) => name === circle[0]));
    return source === undefined ? [] : [circleProblem(source.path, source.parsed, circle)];
  });
}

/** Tells the author of a file of the circle that the file is in. */
export function circleProblem(path: string, parsed: ParsedUnit, circle: readonly string[]): Problem {
  const line = afterReadyLine(parsed);
  const message = `AfterReady= leads in a circle: ${[...circle, ...circle.slice(0, 1)].join(' → ')}`;
  const fix = 'none of them would ever start; take one out';
  return problemIn(path, { rule: 'after-ready', ...(line !== undefined && { line }), message, fix });
}

function afterReadyLine({ options }: ParsedUnit): number | undefined {
  return options.find(({ section, name }) => section === flotillaSection && name === 'AfterReady')?.line;
}

/**
 * One circle of each group of units that all reach one another; a unit that names itself is refused elsewhere.
 * @param edges what each unit waits for
 */
export function circlesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const names = [...edges.keys()].sort();
  const numberOf = new Map(names.map((name, number) => [name, number]));
  const graph = names.map((name) => (edges.get(name) ?? []).flatMap((other) => numberOf.get(other) ?? []));
  const groups = components(graph).filter(({ length }) => length > 1);
  return groups.map((group) => walk(graph, group).map((node) => names[node] ?? ''));
}

/** Follows the first edge that stays in the group until a node comes again: what lies between is a circle. */
function walk(graph: readonly (readonly number[])[], group: readonly number[]): number[] {
  const within = new Set(group);
  const path: number[] = [];
  let node = Math.min(...group);
  while (!path.includes(node)) {
    path.push(node);
    node = graph[node]?.find((next) => within.has(next)) ?? node;
  }
  return path.slice(path.indexOf(node));
}
