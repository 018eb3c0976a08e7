import type { ClusterState } from '../../store/cluster-state.ts';
import { circleProblem, circlesOf } from '../../unit/check-after-ready.ts';
import { readFlotillaOptions } from '../../unit/flotilla-options.ts';
import { type ParsedUnit, parseUnit } from '../../unit/parse.ts';
import { formatProblem } from '../../unit/problem.ts';
import { ApiError } from './api-error.ts';
import type { Change } from './views.ts';

/**
 * Refuses units that would wait for one another for ever by `AfterReady=`, also through units that the cluster has
 * already: whoever pushes does not know them all. Circles that a change leaves as they are do not stop it.
 * @throws {ApiError} 400
 */
export function refuseCircles(cluster: ClusterState, { put, destroy }: Change): void {
  const waiting = new Map(put.filter(({ contents }) => mayWait(contents)).map((unit) => [unit.name, unit]));
  if (waiting.size === 0) return;
  const replaced = new Set([...destroy, ...put.map(({ name }) => name)]);
  const kept = cluster.units.flatMap(({ name, hash }) => {
    const contents = replaced.has(name) ? undefined : cluster.files.get(hash);
    return contents === undefined || !mayWait(contents) ? [] : [{ name, hash, contents }];
  });
  const files = new Files();
  const edges = [...kept, ...waiting.values()].map(({ name, hash, contents }) => {
    const { options } = files.parse(hash, contents);
    return [name, readFlotillaOptions(name, options).afterReady] as const;
  });
  const problems = circlesOf(new Map(edges)).flatMap((circle) => {
    const unit = circle.flatMap((name) => waiting.get(name) ?? [])[0];
    if (unit === undefined) return [];
    return [formatProblem(circleProblem(unit.name, files.parse(unit.hash, unit.contents), circle))];
  });
  if (problems.length > 0) throw new ApiError(400, problems.join('\n'));
}

/** Most files don't: those need not be parsed. */
function mayWait(contents: string): boolean {
  return contents.includes('AfterReady');
}

/** Parses each file once: a thousand instances of a template share one. */
class Files {
  readonly #parsed = new Map<string, ParsedUnit>();

  parse(hash: string, contents: string): ParsedUnit {
    const parsed = this.#parsed.get(hash) ?? parseUnit(contents);
    this.#parsed.set(hash, parsed);
    return parsed;
  }
}
