import { z } from 'zod';
import type {
  ApplyReply,
  ClusterEvent,
  CordonReply,
  ErrorReply,
  ExplainReply,
  MachinesReply,
  MachineView,
  PlanReply,
  RolloutsReply,
  RolloutView,
  UnitsReply,
  UnitView,
} from '../model/api.ts';
import { rolloutStates } from '../model/rollout.ts';
import { targetStates } from '../model/unit.ts';

/*
 * What the agent's replies must look like (src/model/api.ts). A newer agent may send more keys than these; they
 * are left out, so that an older CLI goes on working against a cluster that is being upgraded.
 */

const targetState = z.enum(targetStates);

const cordon = z.object({ drain: z.boolean(), reason: z.string() });

const machineView: z.ZodType<MachineView> = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  metadata: z.record(z.string(), z.string()),
  capacity: z.object({ cpus: z.number(), memory: z.number() }),
  version: z.string(),
  bootId: z.string(),
  cordon: cordon.exactOptional(),
});

export const cordonReply: z.ZodType<CordonReply> = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  cordon: cordon.exactOptional(),
});

export const machinesReply: z.ZodType<MachinesReply> = z.object({
  machines: z.array(machineView),
  leader: z.string().exactOptional(),
});

const placement = z.object({
  unit: z.string(),
  machineId: z.string(),
  hash: z.string(),
  targetState,
  reason: z.string(),
});

const unitStatus = z.object({
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
});

const unitView = z.object({
  name: z.string(),
  hash: z.string(),
  targetState,
  placements: z.array(placement),
  states: z.array(unitStatus),
  pending: z.string().exactOptional(),
});

export const unitsReply: z.ZodType<UnitsReply> = z.object({
  revision: z.string(),
  units: z.array(unitView),
});

/** One unit together with its file. */
export type UnitFileView = UnitView & { readonly contents: string };

export const unitReply: z.ZodType<UnitFileView> = unitView.extend({ contents: z.string() });

export const planReply: z.ZodType<PlanReply> = z.object({
  moves: z.array(z.object({ unit: z.string(), machine: z.string().exactOptional(), reason: z.string() })),
  pending: z.array(z.object({ unit: z.string(), reason: z.string() })),
});

export const applyReply: z.ZodType<ApplyReply> = z.object({ revision: z.string() });

export const explainReply: z.ZodType<ExplainReply> = z.object({
  unit: z.string(),
  targetState,
  placements: z.array(z.object({ machine: z.string(), reason: z.string() })),
  pending: z.string().exactOptional(),
  machines: z.array(z.object({ machine: z.string(), fits: z.boolean(), reason: z.string() })),
});

/** A `ClusterEvent`, also of a kind that a newer agent knows and this version does not. */
export type EventLine = Omit<ClusterEvent, 'kind'> & { readonly kind: string };

export const eventLine: z.ZodType<EventLine> = z.object({
  id: z.string(),
  revision: z.string(),
  kind: z.string(),
  unit: z.string().exactOptional(),
  machine: z.string().exactOptional(),
  message: z.string(),
});

export const rolloutView: z.ZodType<RolloutView> = z.object({
  name: z.string(),
  state: z.enum(rolloutStates),
  updated: z.number(),
  total: z.number(),
  reason: z.string(),
  failure: z.object({ unit: z.string(), machine: z.string(), journal: z.array(z.string()) }).exactOptional(),
});

export const rolloutsReply: z.ZodType<RolloutsReply> = z.object({ rollouts: z.array(rolloutView) });

export const errorReply: z.ZodType<ErrorReply> = z.object({
  error: z.object({ code: z.number(), message: z.string() }),
});
