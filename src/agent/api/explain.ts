import type { ExplainReply } from '../../model/api.ts';
import { troubleOf } from '../../model/readiness.ts';
import { explainMachines } from '../../scheduler/explain-machines.ts';
import { type ClusterState, machineNames, readCluster } from '../../store/cluster-state.ts';
import { snapshotOf } from '../engine/cluster-snapshot.ts';
import { type ApiRequest, type HandlerContext, json, type Reply } from './route.ts';
import { holdingAllMissing, unitView } from './views.ts';

/** Where a unit is and why, and what each machine would say to it. */
export async function explain(
  { store }: HandlerContext,
  { parameters: [name = ''] }: ApiRequest,
): Promise<Reply> {
  return json(explainReply(await readCluster(store), name));
}

/** @throws {ApiError} 404 for a unit that the cluster does not have. */
function explainReply(cluster: ClusterState, name: string): ExplainReply {
  const view = unitView(cluster, name);
  const nameOf = machineNames(cluster);
  const { targetState, placements, pending, states } = view;
  const placed = placements.map(({ machineId, reason }) => {
    const state = states.find((each) => each.machineId === machineId);
    const { waiting, template, certificate } = state ?? {};
    const trouble = state && troubleOf(state);
    const remarks = {
      ...(trouble !== undefined && { trouble }),
      ...(waiting !== undefined && { waiting }),
      ...(template !== undefined && { template }),
      ...(certificate !== undefined && { certificate }),
    };
    return { machine: nameOf(machineId), reason, ...remarks };
  });
  const answers = explainMachines(snapshotOf(cluster, holdingAllMissing(cluster)), name);
  return {
    unit: name,
    targetState,
    placements: placed,
    ...(pending !== undefined && { pending }),
    machines: answers.map(({ machineId, fits, reason }) => ({ machine: nameOf(machineId), fits, reason })),
  };
}
