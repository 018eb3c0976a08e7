import type { ExplainReply } from '../model/api.ts';
import { explainMachines } from '../scheduler/explain-machines.ts';
import { type ClusterState, readCluster } from '../store/cluster-state.ts';
import { ApiError } from './api-error.ts';
import { snapshotOf } from './cluster-snapshot.ts';
import { type ApiRequest, type HandlerContext, json, type Reply } from './route.ts';
import { undecided, unitsReply } from './views.ts';

/** Where a unit is and why, and what each machine would say to it. */
export async function explain(
  { store }: HandlerContext,
  { parameters: [name = ''] }: ApiRequest,
): Promise<Reply> {
  return json(explainReply(await readCluster(store), name));
}

/** @throws {ApiError} 404 for a unit that the cluster does not have. */
function explainReply(cluster: ClusterState, name: string): ExplainReply {
  const view = unitsReply(cluster).units.find((unit) => unit.name === name);
  if (view === undefined) throw new ApiError(404, `there is no unit ${name}`);
  const names = new Map([
    ...[...cluster.whereabouts].map(([id, { name }]): [string, string] => [id, name]),
    ...cluster.machines.map(({ id, name }): [string, string] => [id, name]),
  ]);
  const nameOf = (id: string) => names.get(id) ?? id;
  const { targetState, placements, pending } = view;
  const answers = explainMachines(snapshotOf(cluster, undecided(cluster)), name);
  return {
    unit: name,
    targetState,
    placements: placements.map(({ machineId, reason }) => ({ machine: nameOf(machineId), reason })),
    ...(pending !== undefined && { pending }),
    machines: answers.map(({ machineId, fits, reason }) => ({ machine: nameOf(machineId), fits, reason })),
  };
}
