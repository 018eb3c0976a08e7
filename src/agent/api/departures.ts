import type { Departure, DeparturesReply } from '../../model/api.ts';
import { schedule } from '../../scheduler/schedule.ts';
import type { Schedule } from '../../scheduler/snapshot.ts';
import { type ClusterState, machineNames, readCluster } from '../../store/cluster-state.ts';
import { snapshotOf } from '../engine/cluster-snapshot.ts';
import { parseInput } from './request-body.ts';
import { json, type Route } from './route.ts';
import { departuresReply, departuresRequest } from './schemas.ts';
import { holdingAllMissing } from './views.ts';

export const departuresRoute: Route = {
  method: 'POST',
  path: '/flotilla/v1/departures',
  summary: 'What a drain of these machines does with each of their units. Writes nothing.',
  body: { schema: departuresRequest },
  replies: [{ status: 200, json: departuresReply }],
  handle: async ({ store }, { body }) =>
    json(departuresOf(await readCluster(store), parseInput(departuresRequest, body).machines)),
};

/**
 * By the same scheduler as the engine's, with all of these machines drained. But only the leader remembers what has failed
 * or just become ready, so it may still wait with what moves by this.
 */
function departuresOf(cluster: ClusterState, machines: readonly string[]): DeparturesReply {
  const ids = new Set(machines);
  const snapshot = snapshotOf(cluster, holdingAllMissing(cluster));
  const { cordoned = [], draining = [] } = snapshot;
  const drained = {
    ...snapshot,
    cordoned: new Set([...cordoned, ...ids]),
    draining: new Set([...draining, ...ids]),
  };
  const plan = schedule(drained);
  const global = new Set(
    snapshot.units.flatMap(({ name, requirements }) => (requirements.global ? name : [])),
  );
  const outcome = outcomesOf(plan, machineNames(cluster));
  const departures = cluster.placements.flatMap(({ unit, machineId }): Departure[] => {
    if (!ids.has(machineId)) return [];
    if (global.has(unit))
      return [{ unit, machineId, outcome: 'ends', reason: 'global: it belongs to the machine' }];
    return [{ unit, machineId, ...outcome(unit, machineId) }];
  });
  return { departures };
}

type Outcome = Pick<Departure, 'outcome' | 'reason'>;

function outcomesOf(
  { decisions, staying }: Schedule,
  nameOf: (id: string) => string,
): (unit: string, machineId: string) => Outcome {
  const pair = (unit: string, machineId: string) => `${machineId}/${unit}`;
  const places = new Map(
    decisions.flatMap((each) =>
      each.type === 'place' ? [[each.placement.unit, each.placement] as const] : [],
    ),
  );
  const leaves = new Map(
    decisions.flatMap((each) =>
      each.type === 'remove' ? [[pair(each.unit, each.machineId), each.reason] as const] : [],
    ),
  );
  const stays = new Map(staying.map((stay) => [pair(stay.unit, stay.machineId), stay]));
  return (unit, machineId) => {
    const stay = stays.get(pair(unit, machineId));
    if (stay) return { outcome: stay.waits ? 'waits' : 'stays', reason: stay.reason };
    const left = leaves.get(pair(unit, machineId));
    // Nothing is said of what can't be decided now, as of units of machines that are missing.
    if (left === undefined) return { outcome: 'waits', reason: 'nothing can be decided about it now' };
    const place = places.get(unit);
    return { outcome: 'moves', reason: place ? `to ${nameOf(place.machineId)}: ${place.reason}` : left };
  };
}
