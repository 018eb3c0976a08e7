import type { ClusterState } from '../../store/cluster-state.ts';

/** Milliseconds a file must be without a reference: longer than any client takes from files to units. */
const keepFor = 600_000;

/** Finds unit files that no unit, no placement and no rollout that could go back refers to any more. */
export class Garbage {
  /** Since when each file is without a reference. */
  #since: ReadonlyMap<string, number> = new Map();

  /** Hashes of files that can go, as of `now` in milliseconds. */
  collect({ files, units, placements, rollouts }: ClusterState, now: number): string[] {
    const kept = rollouts.flatMap(({ from }) => Object.values(from));
    const used = new Set([...[...units, ...placements].map(({ hash }) => hash), ...kept]);
    const unused = [...files.keys()].filter((hash) => !used.has(hash));
    this.#since = new Map(unused.map((hash) => [hash, this.#since.get(hash) ?? now]));
    return unused.filter((hash) => now - (this.#since.get(hash) ?? now) >= keepFor);
  }
}
