import * as z from 'zod';
import type { ApplyReply, ChangeRequest } from '../model/api.ts';
import { targetStates } from '../model/unit.ts';
import { type ClusterState, readCluster } from '../store/cluster-state.ts';
import { changeKey, encodeUnit, fileKey, unitKey } from '../store/keys.ts';
import type { Operation, Store } from '../store/store.ts';
import { checkUnits } from '../unit/check.ts';
import { formatProblem } from '../unit/problem.ts';
import { ApiError } from './api-error.ts';
import type { Change, PutUnit } from './views.ts';

/** A store transaction takes 3000 operations; some are ours. */
const maxUnits = 2900;

/** Characters of unit files sent to the store at once: etcd refuses requests above 1.5 MiB. */
const maxFilesSize = 400_000;

/** Times that another client may be faster before this one gives up. */
const attempts = 5;

const requestSchema = z.strictObject({
  put: z
    .array(z.strictObject({ name: z.string(), contents: z.string(), targetState: z.enum(targetStates) }))
    .max(maxUnits),
  destroy: z.array(z.string()).max(maxUnits),
  revision: z
    .string()
    .regex(/^[0-9]{1,19}$/)
    .exactOptional(),
});

export interface CheckedChange extends Change {
  /** See `ChangeRequest.revision`. */
  readonly revision?: bigint;
}

/**
 * Reads the body of `plan` and `apply`.
 * @throws {ApiError} 400 with every problem, one a line.
 */
export function parseChange(body: unknown): CheckedChange {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) {
    throw badRequest(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  }
  const { put, destroy, revision } = parsed.data;
  const checked = checkUnits(put);
  const problems = [
    ...twice(parsed.data),
    ...('problems' in checked ? checked.problems.map(formatProblem) : []),
  ];
  if (problems.length > 0 || 'problems' in checked) throw badRequest(problems);
  const targets = new Map(put.map(({ name, targetState }) => [name, targetState]));
  const units = checked.units.map((unit): PutUnit => {
    const targetState = targets.get(unit.name) ?? unit.targetState;
    return { name: unit.name, hash: unit.hash, contents: unit.contents, targetState };
  });
  return { put: units, destroy, ...(revision !== undefined && { revision: BigInt(revision) }) };
}

function twice({ put, destroy }: ChangeRequest): string[] {
  const destroyed = new Set(destroy);
  return put.flatMap(({ name }) =>
    destroyed.has(name) ? `${name}: both put and destroyed; choose one` : [],
  );
}

function badRequest(problems: readonly string[]): ApiError {
  return new ApiError(400, problems.join('\n'));
}

/**
 * Makes the change: files first, which nobody sees until a unit refers to them, then all units in one
 * transaction. What already is as asked is not written.
 * @throws {ApiError} 409 when one of the units changed after the request's revision. A unit that was destroyed
 * since then counts as new, because the store keeps nothing of it.
 */
export async function applyChange(store: Store, change: CheckedChange): Promise<ApplyReply> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const cluster = await readCluster(store);
    refuseIfChanged(cluster, change);
    const operations = operationsOf(cluster, change);
    if (operations.length === 0) return { revision: String(cluster.revision) };
    await writeFiles(store, cluster, change);
    const { succeeded, revision } = await store.transact({
      compare: [{ key: changeKey, modRevision: cluster.revisionOf(changeKey) }],
      success: [...operations, { put: changeKey, value: 'apply' }],
    });
    if (succeeded) return { revision: String(revision) };
  }
  throw new ApiError(409, 'others keep changing units at the same time; read the units again and retry');
}

function refuseIfChanged(cluster: ClusterState, { put, destroy, revision }: CheckedChange): void {
  if (revision === undefined) return;
  const names = [...put.map(({ name }) => name), ...destroy];
  const changed = names.filter((name) => cluster.revisionOf(unitKey(name)) > revision);
  if (changed.length === 0) return;
  throw new ApiError(
    409,
    `changed since revision ${revision}: ${changed.join(', ')}; read the units again and decide anew`,
  );
}

function operationsOf(cluster: ClusterState, { put, destroy }: Change): Operation[] {
  const known = new Map(cluster.units.map((unit) => [unit.name, unit]));
  const same = ({ name, hash, targetState }: PutUnit) =>
    known.get(name)?.hash === hash && known.get(name)?.targetState === targetState && cluster.files.has(hash);
  const puts = put.flatMap((unit): Operation[] => {
    const { name, hash, targetState } = unit;
    return same(unit) ? [] : [{ put: unitKey(name), value: encodeUnit({ name, hash, targetState }) }];
  });
  const gone = [...new Set(destroy)].filter((name) => cluster.revisionOf(unitKey(name)) > 0n);
  return [...puts, ...gone.map((name) => ({ delete: unitKey(name) }))];
}

async function writeFiles(store: Store, { files }: ClusterState, { put }: Change): Promise<void> {
  const missing = new Map(put.flatMap(({ hash, contents }) => (files.has(hash) ? [] : [[hash, contents]])));
  let batch: Operation[] = [];
  let size = 0;
  const flush = async () => {
    if (batch.length > 0) await store.transact({ compare: [], success: batch });
    [batch, size] = [[], 0];
  };
  for (const [hash, contents] of missing) {
    if (size + contents.length > maxFilesSize) await flush();
    batch.push({ put: fileKey(hash), value: contents });
    size += contents.length;
  }
  await flush();
}
