import * as z from 'zod';
import {
  type ApplyReply,
  type ChangeRequest,
  type ClusterEvent,
  type Cordon,
  type CordonReply,
  type CordonRequest,
  type ErrorReply,
  type ExplainReply,
  eventKinds,
  type MachinesReply,
  type MachineView,
  type PlanReply,
  type RebalanceRequest,
  type RolloutsReply,
  type RolloutView,
  type UnitsReply,
  type UnitView,
} from '../../model/api.ts';
import type { Placement } from '../../model/placement.ts';
import { rolloutStates } from '../../model/rollout.ts';
import type { UnitStatus } from '../../model/status.ts';
import { targetStates } from '../../model/unit.ts';
import { component } from './components.ts';
import { listOf } from './list-schema.ts';

/*
 * The bodies of `/flotilla/v1` (src/model/api.ts, which says what they mean) as schemas: requests are checked by
 * them and the OpenAPI document is made from them. The types hold both to each other.
 */

/** Units in one change: a store transaction takes 3000 operations, and some are ours. */
export const maxUnits = 2900;

export const targetState = z.enum(targetStates);
const revision = z
  .string()
  .regex(/^[0-9]{1,19}$/, 'expected a revision: up to 19 digits')
  .refine(isRevision, 'expected a revision: it is greater than any that etcd can have');
const eventId = z
  .string()
  .regex(/^[0-9]{1,19}(\.[0-9]{1,9})?$/, "expected an event's id, such as 2417.1, or a revision")
  .refine(
    (id) => isRevision(id.split('.', 1)[0] ?? ''),
    'its revision is greater than any that etcd can have',
  );

/** etcd counts them in 64 bits with a sign. */
function isRevision(digits: string): boolean {
  return !/^[0-9]+$/.test(digits) || BigInt(digits) < 2n ** 63n;
}

const reasons = z.object({ unit: z.string(), reason: z.string() });

const cordon: z.ZodType<Cordon> = component('Cordon', z.object({ drain: z.boolean(), reason: z.string() }));

const knownMachine = {
  id: z.string(),
  name: z.string(),
  address: z.string(),
  cordon: cordon.exactOptional(),
};
const presentMachine = {
  metadata: z.record(z.string(), z.string()),
  capacity: z.object({ cpus: z.number(), memory: z.number() }),
  version: z.string(),
  bootId: z.string(),
};

const machineView: z.ZodType<MachineView> = component(
  'Machine',
  z.object({ ...knownMachine, ...presentMachine }),
);

export const cordonReply: z.ZodType<CordonReply> = component(
  'CordonedMachine',
  z.object({
    ...knownMachine,
    metadata: presentMachine.metadata.exactOptional(),
    capacity: presentMachine.capacity.exactOptional(),
    version: presentMachine.version.exactOptional(),
    bootId: presentMachine.bootId.exactOptional(),
  }),
);

export const machinesReply: z.ZodType<MachinesReply> = component(
  'Machines',
  z.object({
    machines: z.array(machineView),
    leader: z.string().exactOptional(),
  }),
);

const placement: z.ZodType<Placement> = component(
  'Placement',
  z.object({
    unit: z.string(),
    machineId: z.string(),
    hash: z.string(),
    targetState,
    reason: z.string(),
  }),
);

const unitStatus: z.ZodType<UnitStatus> = component(
  'UnitStatus',
  z.object({
    unit: z.string(),
    machineId: z.string(),
    hash: z.string(),
    load: z.string(),
    active: z.string(),
    sub: z.string(),
    started: z.boolean().exactOptional(),
    ready: z.object({ ok: z.boolean(), detail: z.string() }).exactOptional(),
    waiting: z.string().exactOptional(),
    failure: z.object({ result: z.string(), journal: z.array(z.string()) }).exactOptional(),
  }),
);

const unitFields = {
  name: z.string(),
  hash: z.string(),
  targetState,
  placements: z.array(placement),
  states: z.array(unitStatus),
  pending: z.string().exactOptional(),
};

const unitView: z.ZodType<UnitView> = component('Unit', z.object(unitFields));
export const unitFileView = component('UnitWithFile', z.object({ ...unitFields, contents: z.string() }));
export const unitsReply: z.ZodType<UnitsReply> = component(
  'Units',
  z.object({ revision, units: z.array(unitView) }),
);

export const changeRequest: z.ZodType<ChangeRequest> = component(
  'ChangeRequest',
  z.strictObject({
    put: listOf(z.strictObject({ name: z.string(), contents: z.string(), targetState }), maxUnits),
    destroy: listOf(z.string(), maxUnits),
    targets: listOf(z.strictObject({ name: z.string(), targetState }), maxUnits).exactOptional(),
    revision: revision.exactOptional(),
  }),
);

export const planReply: z.ZodType<PlanReply> = component(
  'Plan',
  z.object({
    moves: z.array(z.object({ unit: z.string(), machine: z.string().exactOptional(), reason: z.string() })),
    pending: z.array(reasons),
  }),
);

export const applyReply: z.ZodType<ApplyReply> = component('Applied', z.object({ revision }));

export const errorReply: z.ZodType<ErrorReply> = component(
  'Error',
  z.object({
    error: z.object({ code: z.number(), message: z.string() }),
  }),
);

export const healthReply = component(
  'Health',
  z.object({
    healthy: z.boolean(),
    machineId: z.string(),
    version: z.string(),
    revision,
  }),
);

export const cordonRequest: z.ZodType<CordonRequest> = component(
  'CordonRequest',
  z.strictObject({ reason: z.string().exactOptional() }),
);

export const rebalanceRequest: z.ZodType<RebalanceRequest> = component(
  'RebalanceRequest',
  z.strictObject({ maxMoves: z.int().min(1) }),
);

export const explainReply: z.ZodType<ExplainReply> = component(
  'Explanation',
  z.object({
    unit: z.string(),
    targetState,
    placements: z.array(z.object({ machine: z.string(), reason: z.string() })),
    pending: z.string().exactOptional(),
    machines: z.array(z.object({ machine: z.string(), fits: z.boolean(), reason: z.string() })),
  }),
);

export const eventsQuery = z.object({
  since: revision.exactOptional(),
  after: eventId.exactOptional(),
  follow: z.enum(['true', 'false']).exactOptional(),
});

export const clusterEvent: z.ZodType<ClusterEvent> = component(
  'ClusterEvent',
  z.object({
    id: eventId,
    revision,
    kind: z.enum(eventKinds),
    unit: z.string().exactOptional(),
    machine: z.string().exactOptional(),
    message: z.string(),
  }),
);

export const rolloutView: z.ZodType<RolloutView> = component(
  'Rollout',
  z.object({
    name: z.string(),
    state: z.enum(rolloutStates),
    updated: z.number(),
    total: z.number(),
    reason: z.string(),
    failure: z
      .object({ unit: z.string(), machine: z.string(), journal: z.array(z.string()) })
      .exactOptional(),
  }),
);

export const rolloutsReply: z.ZodType<RolloutsReply> = component(
  'Rollouts',
  z.object({ rollouts: z.array(rolloutView) }),
);

export const openApiDocument = component('OpenApi', z.looseObject({ openapi: z.string() }));
