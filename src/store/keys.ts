import * as z from 'zod';
import { type Cordon, cordonSchema, type RebalanceRequest } from '../model/api.ts';
import {
  type CertificateRequest,
  certificateRequestSchema,
  type IssuedCertificate,
  issuedCertificateSchema,
} from '../model/certificate.ts';
import {
  type ImageKeeper,
  type ImageRecord,
  imageKeeperSchema,
  imageRecordSchema,
} from '../model/image-record.ts';
import { type Machine, machineSchema } from '../model/machine.ts';
import { parseJson } from '../model/parse-json.ts';
import { type Placement, placementSchema } from '../model/placement.ts';
import { type Registration, registrationSchema } from '../model/registration.ts';
import { type Rollout, rolloutSchema } from '../model/rollout.ts';
import { type UnitStatus, unitStatusSchema } from '../model/status.ts';
import { type Unit, unitSchema } from '../model/unit.ts';

/** Everything Flotilla keeps is below this prefix; nothing else may be. */
export const rootPrefix = '/flotilla/';

/** Where each kind of thing stands. What the key says is not repeated in the value. */
export const prefixes = {
  machine: '/flotilla/machines/',
  unit: '/flotilla/units/',
  file: '/flotilla/files/',
  placement: '/flotilla/schedule/',
  status: '/flotilla/states/',
  metadata: '/flotilla/metadata/',
  cordon: '/flotilla/cordons/',
  address: '/flotilla/addresses/',
  member: '/flotilla/members/',
  leaving: '/flotilla/leaving/',
  service: '/flotilla/services/',
  rollout: '/flotilla/rollouts/',
  image: '/flotilla/images/',
  keeper: '/flotilla/keepers/',
  request: '/flotilla/certificate-requests/',
  certificate: '/flotilla/certificates/',
} as const;

/** Id of the machine that leads, on that machine's lease. Written once, when it is elected. */
export const leaderKey = '/flotilla/leader';

/**
 * Written anew in every transaction of the engine and compared in the next one, so that a write that comes late
 * fails. Apart from `leaderKey`, which others watch: they need not wake for every decision.
 */
export const engineKey = '/flotilla/engine';

/**
 * The newest `storeFormat` of the engines that have led. One that knows only an earlier one does not lead: it would
 * delete decisions that it can't read.
 */
export const formatKey = '/flotilla/format';

/** Raised together with a change of what engines write that an engine without the change can't read. */
export const storeFormat = 1;

/** Written in every transaction that changes units, so that two of them can't miss each other. */
export const changeKey = '/flotilla/change';

/** What is left to do of a rebalance that somebody asked for: a `RebalanceRequest`. */
export const rebalanceKey = '/flotilla/rebalance';

/**
 * Why the engine took units from machines, in the transaction that did it: the placements themselves are gone then.
 * One key that is written over each time, and read by whoever follows the changes.
 */
export const removalsKey = '/flotilla/removals';

export const machineKey = (id: string) => `${prefixes.machine}${id}`;
export const unitKey = (name: string) => `${prefixes.unit}${name}`;
export const metadataKey = (machineId: string) => `${prefixes.metadata}${machineId}`;
export const fileKey = (hash: string) => `${prefixes.file}${hash}`;
export const placementPrefix = (machineId: string) => `${prefixes.placement}${machineId}/`;
export const placementKey = (machineId: string, unit: string) => `${placementPrefix(machineId)}${unit}`;
export const statusPrefix = (machineId: string) => `${prefixes.status}${machineId}/`;
export const statusKey = (machineId: string, unit: string) => `${statusPrefix(machineId)}${unit}`;
export const cordonKey = (machineId: string) => `${prefixes.cordon}${machineId}`;
export const addressKey = (machineId: string) => `${prefixes.address}${machineId}`;
export const memberKey = (machineId: string) => `${prefixes.member}${machineId}`;
/** Stands as long as a machine that the engine took a unit from may still run it. */
export const leavingKey = (machineId: string, unit: string) => `${prefixes.leaving}${machineId}/${unit}`;
export const servicePrefix = (machineId: string) => `${prefixes.service}${machineId}/`;
export const serviceKey = (machineId: string, service: string, unit: string) =>
  `${servicePrefix(machineId)}${service}/${unit}`;
export const imageKey = (architecture: string, name: string) => `${prefixes.image}${architecture}/${name}`;
export const keeperKey = (machineId: string) => `${prefixes.keeper}${machineId}`;
/** What a machine asks to have signed, which it writes itself. */
export const requestPrefix = (machineId: string) => `${prefixes.request}${machineId}/`;
export const requestKey = (machineId: string, unit: string) => `${requestPrefix(machineId)}${unit}`;
/** The engine's answers to that. */
export const certificatePrefix = (machineId: string) => `${prefixes.certificate}${machineId}/`;
export const certificateKey = (machineId: string, unit: string) => `${certificatePrefix(machineId)}${unit}`;
export const rolloutKey = (name: string) => `${prefixes.rollout}${name}`;

/** Where a machine was met last. Stands without a lease, so that a machine that is missing can be asked for. */
export type Whereabouts = Pick<Machine, 'name' | 'address'>;

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const versions = z.record(z.string(), hash);

// The model's schemas without what the key says, and with hashes that are some: by them files are found. Unknown fields
// are dropped, not refused: a newer agent may have written them.
const machineValue = machineSchema.omit({ id: true });
const unitValue = unitSchema.omit({ name: true }).extend({ hash });
const placementValue = placementSchema.omit({ unit: true, machineId: true }).extend({ hash });
const metadataValue = z.record(z.string(), z.string().nullable());
const statusValue = unitStatusSchema.omit({ unit: true, machineId: true }).extend({ hash });
const registrationValue = registrationSchema.omit({ service: true, unit: true, machineId: true });
const requestValue = certificateRequestSchema.omit({ unit: true, machineId: true });
const certificateValue = issuedCertificateSchema.omit({ unit: true, machineId: true });
const removalsValue = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));
const addressValue = machineSchema.pick({ name: true, address: true });
const rebalanceValue = z.object({ maxMoves: z.int().positive() });
const imageValue = imageRecordSchema.omit({ name: true, architecture: true });
const keeperValue = imageKeeperSchema.omit({ machineId: true });
const rolloutValue = rolloutSchema.omit({ name: true }).extend({ from: versions, to: versions });

export const encodeMachine = ({ id: _, ...value }: Machine) => JSON.stringify(value);
export const encodeMetadata = (metadata: PatchedMetadata) => JSON.stringify(metadata);
export const encodeUnit = ({ name: _, ...value }: Unit) => JSON.stringify(value);
export const encodePlacement = ({ machineId: _, unit: __, ...value }: Placement) => JSON.stringify(value);
export const encodeStatus = ({ machineId: _, unit: __, ...value }: UnitStatus) => JSON.stringify(value);
export const encodeRegistration = ({ service: _, unit: __, machineId: ___, ...value }: Registration) =>
  JSON.stringify(value);
export const encodeRequest = ({ machineId: _, unit: __, ...value }: CertificateRequest) =>
  JSON.stringify(value);
export const encodeCertificate = ({ machineId: _, unit: __, ...value }: IssuedCertificate) =>
  JSON.stringify(value);
export const encodeCordon = ({ drain, reason, force }: Cordon) => JSON.stringify({ drain, reason, force });
export const encodeAddress = ({ name, address }: Whereabouts) => JSON.stringify({ name, address });
export const encodeRollout = ({ name: _, ...value }: Rollout) => JSON.stringify(value);
export const encodeImage = ({ name: _, architecture: __, ...value }: ImageRecord) => JSON.stringify(value);
export const encodeKeeper = ({ machineId: _, ...value }: ImageKeeper) => JSON.stringify(value);
export const encodeRebalance = ({ maxMoves }: RebalanceRequest) => JSON.stringify({ maxMoves });

/** What users set over a machine's own metadata: a value, or null for a key that is hidden. */
export type PatchedMetadata = Readonly<Record<string, string | null>>;

/** Machine ids and units by the reason they were parted for: many have the same one. */
export type Removals = Readonly<Record<string, readonly (readonly [machineId: string, unit: string])[]>>;

export const encodeRemovals = (removals: Removals) => JSON.stringify(removals);

/** A key of ours whose value is not what it must be. */
export interface Malformed {
  readonly key: string;
  readonly problem: string;
}

export type Parsed<T> = { readonly value: T } | { readonly malformed: Malformed };

/** `/flotilla/machines/<id>` */
export function parseMachine(key: string, value: string): Parsed<Machine> {
  const id = key.slice(prefixes.machine.length);
  return parse(machineValue, key, value, (found) => ({ id, ...found }));
}

/** `/flotilla/metadata/<machine id>` */
export function parseMetadata(key: string, value: string): Parsed<[machineId: string, PatchedMetadata]> {
  const id = key.slice(prefixes.metadata.length);
  return parse(metadataValue, key, value, (found) => [id, found]);
}

/** `/flotilla/units/<name>` */
export function parseUnitEntry(key: string, value: string): Parsed<Unit> {
  const name = key.slice(prefixes.unit.length);
  return parse(unitValue, key, value, (found) => ({ name, ...found }));
}

/** `/flotilla/schedule/<machine id>/<unit>` */
export function parsePlacement(key: string, value: string): Parsed<Placement> {
  const [machineId, unit] = splitPair(key, prefixes.placement);
  return parse(placementValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** `/flotilla/states/<machine id>/<unit>` */
export function parseStatus(key: string, value: string): Parsed<UnitStatus> {
  const [machineId, unit] = splitPair(key, prefixes.status);
  return parse(statusValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** `/flotilla/cordons/<machine id>` */
export function parseCordon(key: string, value: string): Parsed<[machineId: string, Cordon]> {
  const id = key.slice(prefixes.cordon.length);
  return parse(cordonSchema, key, value, (found) => [id, found]);
}

/** `/flotilla/addresses/<machine id>` */
export function parseAddress(key: string, value: string): Parsed<[machineId: string, Whereabouts]> {
  const id = key.slice(prefixes.address.length);
  return parse(addressValue, key, value, (found) => [id, found]);
}

/** `/flotilla/members/<machine id>` */
export function parseMember(key: string, value: string): Parsed<[machineId: string, Whereabouts]> {
  const id = key.slice(prefixes.member.length);
  return parse(addressValue, key, value, (found) => [id, found]);
}

/** `/flotilla/leaving/<machine id>/<unit>`; the value says nothing. */
export function parseLeaving(key: string): [machineId: string, unit: string] {
  return splitPair(key, prefixes.leaving);
}

/** `/flotilla/services/<machine id>/<service>/<unit>`. None of the three contains a slash. */
export function parseRegistration(key: string, value: string): Parsed<Registration> {
  const [machineId = '', service = '', unit = ''] = key.slice(prefixes.service.length).split('/');
  return parse(registrationValue, key, value, (found) => ({ service, unit, machineId, ...found }));
}

/** `/flotilla/images/<architecture>/<name>`; the name may contain slashes. */
export function parseImage(key: string, value: string): Parsed<ImageRecord> {
  const [architecture = '', ...name] = key.slice(prefixes.image.length).split('/');
  return parse(imageValue, key, value, (found) => ({ name: name.join('/'), architecture, ...found }));
}

/** `/flotilla/keepers/<machine id>` */
export function parseKeeper(key: string, value: string): Parsed<ImageKeeper> {
  const machineId = key.slice(prefixes.keeper.length);
  return parse(keeperValue, key, value, (found) => ({ machineId, ...found }));
}

/** `/flotilla/certificate-requests/<machine id>/<unit>` */
export function parseRequest(key: string, value: string): Parsed<CertificateRequest> {
  const [machineId, unit] = splitPair(key, prefixes.request);
  return parse(requestValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** `/flotilla/certificates/<machine id>/<unit>` */
export function parseCertificate(key: string, value: string): Parsed<IssuedCertificate> {
  const [machineId, unit] = splitPair(key, prefixes.certificate);
  return parse(certificateValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** `/flotilla/rollouts/<name>` */
export function parseRollout(key: string, value: string): Parsed<Rollout> {
  const name = key.slice(prefixes.rollout.length);
  return parse(rolloutValue, key, value, (found) => ({ name, ...found }));
}

/** `/flotilla/rebalance` */
export function parseRebalance(key: string, value: string): Parsed<RebalanceRequest> {
  return parse(rebalanceValue, key, value, (found) => found);
}

/** `/flotilla/removals` */
export function parseRemovals(key: string, value: string): Parsed<Removals> {
  return parse(removalsValue, key, value, (found) => found);
}

/** Machine id and unit name of a key below `prefix`. Neither contains a slash. */
export function splitPair(key: string, prefix: string): [machineId: string, unit: string] {
  const [machineId = '', unit = ''] = key.slice(prefix.length).split('/');
  return [machineId, unit];
}

function parse<Value, T>(
  schema: z.ZodType<Value>,
  key: string,
  text: string,
  build: (value: Value) => T,
): Parsed<T> {
  const result = schema.safeParse(parseJson(text));
  if (result.success) return { value: build(result.data) };
  const problem = result.error.issues
    .map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`)
    .join('; ');
  return { malformed: { key, problem } };
}
