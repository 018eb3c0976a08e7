import type { RolloutsReply, RolloutView } from '../../model/api.ts';
import type { RolloutAction } from '../../model/rollout.ts';
import { actOn } from '../../scheduler/rollout-actions.ts';
import { viewRollout } from '../../scheduler/rollout-progress.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import type { Store } from '../../store/store.ts';
import { missingMachines } from '../engine/cluster-snapshot.ts';
import { recordedGroups } from '../engine/rollout-groups.ts';
import { writeOf } from '../engine/rollouts.ts';
import { ApiError } from './api-error.ts';
import { json, type Route } from './route.ts';
import { rolloutsReply as rolloutsSchema, rolloutView } from './schemas.ts';
import { untilUnchanged } from './until-unchanged.ts';

/** `/flotilla/v1/rollouts` */
export const rolloutRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/flotilla/v1/rollouts',
    summary: 'The last rollout of each template and global unit that had one.',
    replies: [{ status: 200, json: rolloutsSchema }],
    handle: async ({ store }) => json(rolloutsReply(await readCluster(store))),
  },
  actionRoute('pause', 'Lets a rollout change no further instance.'),
  actionRoute('resume', 'Lets a paused or failed rollout go on.'),
  actionRoute('undo', 'Brings the version back that was there before the rollout.'),
];

function actionRoute(action: RolloutAction, summary: string): Route {
  return {
    method: 'POST',
    path: `/flotilla/v1/rollouts/:name/${action}`,
    summary,
    replies: [{ status: 200, json: rolloutView }],
    handle: async ({ store }, { parameters: [name = ''] }) => json(await changeRollout(store, name, action)),
  };
}

/**
 * All rollouts that the cluster remembers: the last of each group. The API can't know since when a machine is missing,
 * so it shows that the rollout waits for it.
 */
export function rolloutsReply(cluster: ClusterState): RolloutsReply {
  const groups = recordedGroups(cluster, missingMachines(cluster));
  return { rollouts: groups.map(({ group, record }) => viewRollout(group, record)) };
}

/**
 * Pauses, resumes or undoes a rollout.
 * @throws {ApiError} 404 when there is none of that name, 409 when its state does not allow it.
 */
export async function changeRollout(store: Store, name: string, action: RolloutAction): Promise<RolloutView> {
  return untilUnchanged(async () => {
    const cluster = await readCluster(store);
    const found = recordedGroups(cluster, missingMachines(cluster)).find(({ group }) => group.name === name);
    if (!found) throw new ApiError(404, noRollout(name, cluster));
    const effect = actOn(action, { ...found, hasFile: (hash) => cluster.files.has(hash) });
    if ('refusal' in effect) throw new ApiError(409, effect.refusal);
    const { operations, unchanged } = writeOf(cluster, [effect]);
    const { succeeded } = await store.transact({ compare: unchanged, success: operations });
    return succeeded ? viewRollout(found.group, effect.record) : undefined;
  }, `the rollout of ${name} keeps changing at the same time; look at it again and retry`);
}

function noRollout(name: string, { rollouts }: ClusterState): string {
  const known = rollouts.map((record) => record.name).join(', ') || 'none';
  return `there is no rollout of ${name}; there are rollouts of: ${known}`;
}
