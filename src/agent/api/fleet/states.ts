import { pairOf } from '../../../model/placement.ts';
import type { UnitStatus } from '../../../model/status.ts';
import { readCluster } from '../../../store/cluster-state.ts';
import { ApiError } from '../api-error.ts';
import { type ApiRequest, type HandlerContext, json, type Reply } from '../route.ts';
import { FleetFiles } from './options.ts';
import { askedPage } from './page.ts';
import type { FleetUnitState } from './schemas.ts';
import { oncePer } from './snapshots.ts';

export async function listStates(
  { store, snapshots }: HandlerContext,
  { query }: ApiRequest,
): Promise<Reply> {
  const asked = askedPage(query);
  const cluster = await snapshots.read(store, asked);
  const [machine, unit] = [query.get('machineID'), query.get('unitName')];
  const found = sorted(cluster).filter(
    (status) => (!machine || status.machineId === machine) && (!unit || status.unit === unit),
  );
  const { items, nextPageToken } = snapshots.cut(cluster, found, asked);
  return json({
    ...(nextPageToken !== undefined && { nextPageToken }),
    ...(items.length > 0 && { states: items.map(stateReader(cluster)) }),
  });
}

/** Of a global unit the state on the machine whose id comes first, as in fleet. */
export async function getState(
  { store }: HandlerContext,
  { parameters: [name = ''] }: ApiRequest,
): Promise<Reply> {
  const cluster = await readCluster(store);
  const status = sorted(cluster).find(({ unit }) => unit === name);
  if (status === undefined) throw new ApiError(404, 'unit state does not exist');
  return json(stateReader(cluster)(status));
}

/** By unit, then by machine. The store keeps them by machine. */
const sorted = oncePer(({ statuses }): readonly UnitStatus[] => {
  const keyed = statuses.map((status): [string, UnitStatus] => [pairOf(status), status]);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, status]) => status);
});

const stateReader = oncePer(({ files }): ((status: UnitStatus) => FleetUnitState) => {
  const read = new FleetFiles(files);
  return ({ unit, machineId, hash, load, active, sub }) => {
    const fleetHash = read.of(hash)?.hash;
    return {
      ...(fleetHash !== undefined && { hash: fleetHash }),
      machineID: machineId,
      name: unit,
      systemdActiveState: active,
      systemdLoadState: load,
      systemdSubState: sub,
    };
  };
});
