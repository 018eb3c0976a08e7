import { type Placement, pairOf } from '../../../model/placement.ts';
import type { UnitStatus } from '../../../model/status.ts';
import { type TargetState, targetStates, type Unit } from '../../../model/unit.ts';
import { type ClusterState, readCluster } from '../../../store/cluster-state.ts';
import { readTargetState } from '../../../unit/check-manifest.ts';
import { checkName, isTemplate } from '../../../unit/name.ts';
import type { UnitOption } from '../../../unit/parse.ts';
import { readRequirements } from '../../../unit/requirements.ts';
import { ApiError } from '../api-error.ts';
import { applyChange } from '../change.ts';
import { cannotActivate, checkPut } from '../check-put.ts';
import { parseInput } from '../request-body.ts';
import { type ApiRequest, type HandlerContext, json, type Reply } from '../route.ts';
import { refuseUnverified } from '../verify.ts';
import { foldKeys } from './fold-keys.ts';
import { FleetFiles, readFleetFile, writeFleetFile } from './options.ts';
import { askedPage } from './page.ts';
import { type FleetUnit, unitBody } from './schemas.ts';
import { oncePer } from './snapshots.ts';

export async function listUnits({ store, snapshots }: HandlerContext, { query }: ApiRequest): Promise<Reply> {
  const asked = askedPage(query);
  const cluster = await snapshots.read(store, asked);
  const { items, nextPageToken } = snapshots.cut(cluster, cluster.units, asked);
  const entity = unitReader(cluster);
  return json({
    ...(nextPageToken !== undefined && { nextPageToken }),
    ...(items.length > 0 && { units: items.map(entity) }),
  });
}

export async function getUnit(
  { store, stops }: HandlerContext,
  { parameters: [name = ''] }: ApiRequest,
): Promise<Reply> {
  const cluster = await readCluster(store);
  const unit = cluster.units.find((one) => one.name === name);
  if (unit === undefined) throw new ApiError(404, 'unit does not exist');
  const entity = unitReader(cluster)(unit);
  const stopping = stops.take(name) && entity.desiredState === 'loaded' && entity.currentState === 'loaded';
  return json(stopping ? { ...entity, currentState: 'launched' } : entity);
}

/** Keys in alphabetical order, as fleet sent them. */
const unitReader = oncePer((cluster): ((unit: Unit) => FleetUnit) => {
  const files = new FleetFiles(cluster.files);
  const placements = new Map(cluster.placements.map((placement) => [placement.unit, placement]));
  const statuses = new Map(cluster.statuses.map((status) => [pairOf(status), status]));
  return ({ name, hash, targetState }) => {
    const options = files.of(hash)?.options ?? [];
    const global = readRequirements(name, options).global;
    const placement = global ? undefined : placements.get(name);
    const status = placement && statuses.get(pairOf(placement));
    return {
      ...(!global && { currentState: currentState(placement, status) }),
      desiredState: targetState,
      ...(placement !== undefined && { machineID: placement.machineId }),
      name,
      ...(options.length > 0 && { options: options.map(optionEntity) }),
    };
  };
});

function optionEntity({ name, section, value }: UnitOption) {
  return { ...(name !== '' && { name }), section, ...(value !== '' && { value }) };
}

/** fleet's meaning: loaded once the machine says anything of the unit, launched once its agent has started it. */
function currentState(placement: Placement | undefined, status: UnitStatus | undefined): TargetState {
  if (placement === undefined || status === undefined) return 'inactive';
  return status.started && status.hash === placement.hash ? 'launched' : 'loaded';
}

/** Creates a unit, changes its file or turns its desired state; the statuses are fleet's. */
export async function putUnit(
  context: HandlerContext,
  { parameters: [name = ''], body }: ApiRequest,
): Promise<Reply> {
  const wanted = readBody(name, body);
  const cluster = await readCluster(context.store);
  const existing = cluster.units.find((unit) => unit.name === name);
  if (existing === undefined && wanted.contents === undefined) {
    throw new ApiError(409, 'unit does not exist and options field empty');
  }
  if (wanted.contents !== undefined && !isSame(cluster, existing, wanted.contents)) {
    return await create(context, cluster, { ...wanted, name, contents: wanted.contents });
  }
  const reply = await turn(context, cluster, { ...wanted, name });
  if (existing?.targetState === 'launched' && wanted.desiredState === 'loaded') context.stops.add(name);
  return reply;
}

interface WantedUnit {
  readonly contents?: string;
  readonly desiredState?: TargetState;
}

type Named = WantedUnit & { readonly name: string };

function readBody(name: string, body: unknown): WantedUnit {
  const given = foldKeys(body, ['name', 'options', 'desiredState', 'section', 'value']);
  const { name: named, options, desiredState } = parseInput(unitBody, given);
  if (named && named !== name) {
    throw new ApiError(400, `name in URL "${name}" differs from unit name in request body "${named}"`);
  }
  const flaws = checkName(name);
  if (flaws.length > 0) {
    throw new ApiError(400, flaws.map(({ message, fix }) => `${message}; ${fix}`).join('\n'));
  }
  return {
    ...(options && options.length > 0 && { contents: writeFleetFile(options.map(filled)) }),
    ...(desiredState && { desiredState: readDesiredState(desiredState) }),
  };
}

type GivenOption = { readonly [name in keyof UnitOption]?: string | null | undefined };

function filled({ section, name, value }: GivenOption): UnitOption {
  return { section: section ?? '', name: name ?? '', value: value ?? '' };
}

function readDesiredState(word: string): TargetState {
  const state = readTargetState(word);
  if (state !== undefined) return state;
  throw new ApiError(400, `desiredState "${word}" is none; write one of ${targetStates.join(', ')}`);
}

function isSame({ files }: ClusterState, existing: Unit | undefined, contents: string): boolean {
  const file = existing && files.get(existing.hash);
  return file !== undefined && readFleetFile(file).hash === readFleetFile(contents).hash;
}

/** Without a desired state the unit becomes inactive, even one that was launched: fleet's clients send it next. */
async function create(
  context: HandlerContext,
  cluster: ClusterState,
  { name, contents, desiredState: targetState = 'inactive' }: Named & { readonly contents: string },
): Promise<Reply> {
  const { units, problems } = checkPut([{ name, contents, targetState }]);
  if (problems.length > 0) throw new ApiError(400, problems.join('\n'));
  await refuseUnverified(context, cluster, units);
  await applyChange(context.store, { put: units, destroy: [], targets: [] }, cluster);
  return { status: 201 };
}

async function turn(
  { store }: HandlerContext,
  cluster: ClusterState,
  { name, desiredState: targetState }: Named,
): Promise<Reply> {
  if (targetState === undefined) {
    throw new ApiError(409, 'must provide DesiredState to update existing unit');
  }
  if (isTemplate(name) && targetState !== 'inactive') throw new ApiError(400, cannotActivate(name));
  await applyChange(store, { put: [], destroy: [], targets: [{ name, targetState }] }, cluster);
  return { status: 204 };
}

export async function deleteUnit(
  { store }: HandlerContext,
  { parameters: [name = ''] }: ApiRequest,
): Promise<Reply> {
  const cluster = await readCluster(store);
  if (!cluster.units.some((unit) => unit.name === name)) throw new ApiError(404, 'unit does not exist');
  await applyChange(store, { put: [], destroy: [name], targets: [] }, cluster);
  return { status: 204 };
}
