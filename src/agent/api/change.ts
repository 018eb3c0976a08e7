import type { ApplyReply, ChangeRequest } from '../../model/api.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import { changeKey, encodeUnit, fileKey, unitKey } from '../../store/keys.ts';
import type { Operation, Store } from '../../store/store.ts';
import { operationsInBatches } from '../../store/transaction.ts';
import { isTemplate } from '../../unit/name.ts';
import { ApiError } from './api-error.ts';
import { cannotActivate, checkPut } from './check-put.ts';
import { refuseHugeGroups } from './huge-groups.ts';
import { refuseCircles } from './refuse-circles.ts';
import { parseInput } from './request-body.ts';
import { changeRequest, maxUnits } from './schemas.ts';
import { untilUnchanged } from './until-unchanged.ts';
import { type Change, type PutUnit, retargeted } from './views.ts';

export interface CheckedChange extends Change {
  /** See `ChangeRequest.revision`. */
  readonly revision?: bigint;
}

/**
 * Reads the body of `plan` and `apply`.
 * @throws {ApiError} 400 with every problem, one a line.
 */
export function parseChange(body: unknown): CheckedChange {
  const request = parseInput(changeRequest, body);
  const { destroy, targets = [], revision } = request;
  const { units, problems } = checkPut(request.put);
  const active = targets.flatMap(({ name, targetState }) =>
    isTemplate(name) && targetState !== 'inactive' ? cannotActivate(name) : [],
  );
  const all = [...tooMany(request), ...twice(request), ...active, ...problems];
  if (all.length > 0) throw new ApiError(400, all.join('\n'));
  return { put: units, destroy, targets, ...(revision !== undefined && { revision: BigInt(revision) }) };
}

function tooMany({ put, destroy, targets = [] }: ChangeRequest): string[] {
  const count = put.length + destroy.length + targets.length;
  return count > maxUnits ? [`${count} units in one change; send at most ${maxUnits} at once`] : [];
}

/** Two wishes about one unit: which of them is meant nobody can know. */
function twice({ put, destroy, targets = [] }: ChangeRequest): string[] {
  const wishes = new Map<string, Set<string>>();
  const wish = (what: string, name: string) => {
    const known = wishes.get(name) ?? new Set();
    wishes.set(name, known.add(what));
  };
  for (const { name } of put) wish('put', name);
  for (const name of destroy) wish('destroyed', name);
  for (const { name, targetState } of targets) wish(`made ${targetState}`, name);
  return [...wishes].flatMap(([name, whats]) =>
    whats.size > 1 ? `${name}: both ${[...whats].join(' and ')}; choose one` : [],
  );
}

/**
 * What plan and apply refuse alike of a change that is right as such.
 * @throws {ApiError} 409 when one of the units changed after the request's revision. A unit that was destroyed
 * since then counts as new, because the store keeps nothing of it. 400 when units would wait for one another, or
 * when a group has more of them than a rollout's record has room for.
 */
export function refuseChange(cluster: ClusterState, change: CheckedChange): void {
  refuseIfChanged(cluster, change);
  refuseCircles(cluster, change);
  refuseHugeGroups(cluster, change);
}

/**
 * Makes the change: files first, which nobody sees until a unit refers to them, then all units in one
 * transaction. What already is as asked is not written.
 * @throws {ApiError} as `refuseChange` does; 404 when `targets` names an unknown unit; 409 when others are faster.
 * @param seen the cluster as it was a moment ago, if somebody has just read it
 */
export async function applyChange(
  store: Store,
  change: CheckedChange,
  seen?: ClusterState,
): Promise<ApplyReply> {
  return untilUnchanged(async (first) => {
    const cluster = first && seen !== undefined ? seen : await readCluster(store);
    refuseChange(cluster, change);
    const operations = operationsOf(cluster, change);
    if (operations.length === 0) return { revision: String(cluster.revision) };
    await writeFiles(store, cluster, change);
    const { succeeded, revision } = await store.transact({
      compare: [{ key: changeKey, modRevision: cluster.revisionOf(changeKey) }],
      success: [...operations, { put: changeKey, value: 'apply' }],
    });
    return succeeded ? { revision: String(revision) } : undefined;
  }, 'others keep changing units at the same time; read the units again and retry');
}

function refuseIfChanged(cluster: ClusterState, { put, destroy, targets, revision }: CheckedChange): void {
  if (revision === undefined) return;
  const names = [...[...put, ...targets].map(({ name }) => name), ...destroy];
  const changed = names.filter((name) => cluster.revisionOf(unitKey(name)) > revision);
  if (changed.length === 0) return;
  throw new ApiError(
    409,
    `changed since revision ${revision}: ${changed.join(', ')}; read the units again and decide anew`,
  );
}

function operationsOf(cluster: ClusterState, change: Change): Operation[] {
  const { put, destroy } = change;
  const known = new Map(cluster.units.map((unit) => [unit.name, unit]));
  const same = ({ name, hash, targetState }: PutUnit) =>
    known.get(name)?.hash === hash && known.get(name)?.targetState === targetState && cluster.files.has(hash);
  const puts = put.flatMap((unit): Operation[] => {
    const { name, hash, targetState } = unit;
    return same(unit) ? [] : [{ put: unitKey(name), value: encodeUnit({ name, hash, targetState }) }];
  });
  const turned = retargeted(cluster, change).map((unit) => ({
    put: unitKey(unit.name),
    value: encodeUnit(unit),
  }));
  const gone = [...new Set(destroy)].filter((name) => cluster.revisionOf(unitKey(name)) > 0n);
  return [...puts, ...turned, ...gone.map((name) => ({ delete: unitKey(name) }))];
}

async function writeFiles(store: Store, { files }: ClusterState, { put }: Change): Promise<void> {
  const missing = new Map(put.flatMap(({ hash, contents }) => (files.has(hash) ? [] : [[hash, contents]])));
  const puts = [...missing].map(([hash, value]) => ({ put: fileKey(hash), value }));
  for (const success of operationsInBatches(puts)) await store.transact({ compare: [], success });
}
