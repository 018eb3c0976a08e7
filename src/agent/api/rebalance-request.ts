import type { PlanReply } from '../../model/api.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { encodeRebalance, rebalanceKey } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { snapshotOf } from '../engine/cluster-snapshot.ts';
import { plannedRebalance } from '../engine/rebalancing.ts';
import { parseInput } from './request-body.ts';
import { json, type Route } from './route.ts';
import { planReply, rebalanceRequest } from './schemas.ts';
import { holdingAllMissing, movesOf } from './views.ts';

export const rebalanceRoute: Route = {
  method: 'POST',
  path: '/flotilla/v1/rebalance',
  summary: 'Moves units from the fullest machines to the emptiest, one time. Answers the moves.',
  body: { schema: rebalanceRequest },
  replies: [{ status: 200, json: planReply }],
  handle: async ({ store }, { body }) =>
    json(await requestRebalance(store, parseInput(rebalanceRequest, body).maxMoves)),
};

/** Leaves the request for the engine, unless there is nothing to move. A newer request takes an older one's place. */
export async function requestRebalance(store: Store, maxMoves: number): Promise<PlanReply> {
  const cluster = await readCluster(store);
  const decisions = plannedRebalance(snapshotOf(cluster, holdingAllMissing(cluster)), maxMoves);
  if (decisions.length > 0) {
    const success = [{ put: rebalanceKey, value: encodeRebalance({ maxMoves }) }];
    await store.transact({ compare: [], success });
  }
  return { moves: movesOf(decisions, cluster), pending: [] };
}
