import type { ClusterState } from '../../store/cluster-state.ts';
import { templateOf } from '../../unit/name.ts';
import { ApiError } from './api-error.ts';
import type { Change } from './views.ts';

/**
 * Bytes of one template's rollout record. It goes into etcd as one value, and a rollout that goes back writes it
 * together with all of its units: both fit in a transaction as long as the record has no more than this.
 */
const maxGroupBytes = 600 * 1024;

/** What a record says of each unit: two versions, each `"name":"hash",`. */
const bytesOf = (unit: string) => 2 * (unit.length + 70);

/**
 * A template with more instances than its rollout could be written down for.
 * @throws {ApiError} 400
 */
export function refuseHugeGroups({ units }: ClusterState, { put, destroy }: Change): void {
  const changed = new Set(put.flatMap(({ name }) => templateOf(name) ?? []));
  if (changed.size === 0) return;
  const gone = new Set(destroy);
  const names = new Set([...units, ...put].map(({ name }) => name));
  const groups = new Map<string, { count: number; bytes: number }>();
  for (const name of names) {
    const template = templateOf(name);
    if (template === undefined || !changed.has(template) || gone.has(name)) continue;
    const { count, bytes } = groups.get(template) ?? { count: 0, bytes: 0 };
    groups.set(template, { count: count + 1, bytes: bytes + bytesOf(name) });
  }
  const problems = [...groups].flatMap(([template, { count, bytes }]) =>
    bytes > maxGroupBytes ? sayHuge(template, count, bytes) : [],
  );
  if (problems.length > 0) throw new ApiError(400, problems.join('\n'));
}

function sayHuge(template: string, count: number, bytes: number): string {
  const most = Math.floor((count * maxGroupBytes) / bytes);
  return `${template}: ${count} instances, of which about ${most} can roll together; use several templates`;
}
