import * as z from 'zod';
import { imageRecordSchema } from './image-record.ts';
import type { Immutable } from './immutable.ts';
import { machineSchema } from './machine.ts';
import { placementSchema } from './placement.ts';
import type { Reason } from './reason.ts';
import { registrationSchema } from './registration.ts';
import { rolloutFailureSchema, rolloutStateSchema } from './rollout.ts';
import { unitStatusSchema } from './status.ts';
import { type TargetState, targetStateSchema, unitSchema } from './unit.ts';

/*
 * The bodies of `/flotilla/v1` on the agent's unix socket, JSON both ways. Errors are `{error: {code, message}}`.
 *
 * Replies are schemas: agents make their OpenAPI document of them, clients read by them. A newer agent may send more
 * fields than these; they are left out, so that an older CLI goes on working against a cluster that is being upgraded.
 */

/** Where the agent serves on its machine, unless its configuration says otherwise. */
export const agentSocket = '/run/flotilla/agent.sock';

/** How an agent's 404 for a path that it does not know begins. A newer caller reads it, so the words stay. */
export const nothingServed = 'nothing is served at';

export const cordonSchema = z.object({
  drain: z.boolean(),
  reason: z.string(),
  /** A drain that ends here what no other machine takes, and global units: nothing is left. */
  force: z.boolean().exactOptional(),
});

/** A machine that gets no new units; a draining one also gives its units to others. Outlives the machine's reboots. */
export type Cordon = Immutable<z.infer<typeof cordonSchema>>;

export const machineViewSchema = machineSchema.extend({ cordon: cordonSchema.exactOptional() });

export type MachineView = Immutable<z.infer<typeof machineViewSchema>>;

export const cordonReplySchema = machineViewSchema.exactPartial({
  metadata: true,
  capacity: true,
  version: true,
  bootId: true,
});

/** A machine and what became of its cordon. Of one that is off, no more is known than name and address. */
export type CordonReply = Immutable<z.infer<typeof cordonReplySchema>>;

export const machinesReplySchema = z.object({
  machines: z.array(machineViewSchema),
  /** Id of the machine whose agent runs the engine, if one does now. */
  leader: z.string().exactOptional(),
});

/** `GET /flotilla/v1/machines` */
export type MachinesReply = Immutable<z.infer<typeof machinesReplySchema>>;

export const unitViewSchema = unitSchema.extend({
  placements: z.array(placementSchema),
  states: z.array(unitStatusSchema),
  /** Why no machine has it; absent when one has, or when the target state is inactive. */
  pending: z.string().exactOptional(),
});

/** One unit as the whole cluster sees it. */
export type UnitView = Immutable<z.infer<typeof unitViewSchema>>;

export const unitFileViewSchema = unitViewSchema.extend({ contents: z.string() });

/** `GET /flotilla/v1/units/<name>`: one unit together with its file. */
export type UnitFileView = Immutable<z.infer<typeof unitFileViewSchema>>;

export const unitsReplySchema = z.object({
  /** The store's revision this was read at. */
  revision: z.string(),
  units: z.array(unitViewSchema),
});

/** `GET /flotilla/v1/units` */
export type UnitsReply = Immutable<z.infer<typeof unitsReplySchema>>;

export const servicesReplySchema = z.object({
  /** Sorted by service, unit and machine. */
  services: z.array(registrationSchema),
});

/** `GET /flotilla/v1/services`: what ready units offer, each under the name and address that the stack gave its machine. */
export type ServicesReply = Immutable<z.infer<typeof servicesReplySchema>>;

/** What the last push of a name brought, to be recorded. */
export const imageRequestSchema = imageRecordSchema.pick({ id: true, manifest: true }).strict();

export type ImageRequest = Immutable<z.infer<typeof imageRequestSchema>>;

export const imageViewSchema = imageRecordSchema.omit({ former: true }).extend({
  /** Names of the machines that keep it for others. */
  keepers: z.array(z.string()),
});

/** An image that was pushed. */
export type ImageView = Immutable<z.infer<typeof imageViewSchema>>;

export const imagesReplySchema = z.object({ images: z.array(imageViewSchema) });

export type ImagesReply = Immutable<z.infer<typeof imagesReplySchema>>;

/** `POST /flotilla/v1/plan` (says what would happen) and `POST /flotilla/v1/apply` (does it, in one transaction). */
export interface ChangeRequest {
  /** Instances of templates are already expanded: each has its own name. A template itself can only be inactive. */
  readonly put: readonly {
    readonly name: string;
    readonly contents: string;
    readonly targetState: TargetState;
  }[];
  readonly destroy: readonly string[];
  /** Units whose file stays and whose target state changes; 404 when one is unknown. */
  readonly targets?: readonly { readonly name: string; readonly targetState: TargetState }[];
  /** The revision of the `UnitsReply` this was decided from: 409 when one of these units changed since. */
  readonly revision?: string;
}

const plannedMoveSchema = z.object({
  unit: z.string(),
  /** Name of the machine; absent while the unit stays pending or goes away. */
  machine: z.string().exactOptional(),
  reason: z.string(),
});

/** One line of a plan, shown to the user as it stands. */
export type PlannedMove = Immutable<z.infer<typeof plannedMoveSchema>>;

export const planReplySchema = z.object({
  moves: z.array(plannedMoveSchema),
  pending: z.array(z.object({ unit: z.string(), reason: z.string() })),
});

export type PlanReply = Immutable<z.infer<typeof planReplySchema>>;

export const applyReplySchema = z.object({ revision: z.string() });

export type ApplyReply = Immutable<z.infer<typeof applyReplySchema>>;

export const errorReplySchema = z.object({
  error: z.object({ code: z.number(), message: z.string() }),
});

export type ErrorReply = Immutable<z.infer<typeof errorReplySchema>>;

/**
 * `POST /flotilla/v1/machines/<name or id>/cordon | drain | uncordon`, the first two with an optional
 * `{"reason": "…"}`. Answers `CordonReply`. 404 for an unknown machine; one that is off is known.
 */
export interface CordonRequest {
  readonly reason?: Reason;
  /** Of a drain, see `Cordon`. Default: false. */
  readonly force?: boolean;
}

/** `POST /flotilla/v1/departures`: what a drain of these machines would do, or what it does. Writes nothing. */
export interface DeparturesRequest {
  /** Their ids. None of them takes units of another one. */
  readonly machines: readonly string[];
}

const departureSchema = z.object({
  unit: z.string(),
  machineId: z.string(),
  /**
   * `moves`: the engine does it now. `waits`: later, when others are ready. `stays`: no other machine takes it. `ends`: it
   * is global, and belongs to the machine.
   */
  outcome: z.enum(['moves', 'waits', 'stays', 'ends']),
  reason: z.string(),
});

/** What becomes of one unit that a machine has. */
export type Departure = Immutable<z.infer<typeof departureSchema>>;

export const departuresReplySchema = z.object({ departures: z.array(departureSchema) });

export type DeparturesReply = Immutable<z.infer<typeof departuresReplySchema>>;

/**
 * `POST /flotilla/v1/rebalance`: moves at most so many units from the fullest machines to the emptiest, one time.
 * Answers the `PlanReply` of what it will do; the engine does it.
 */
export interface RebalanceRequest {
  readonly maxMoves: number;
}

export const explainReplySchema = z.object({
  unit: z.string(),
  targetState: targetStateSchema,
  placements: z.array(
    z.object({
      machine: z.string(),
      reason: z.string(),
      /** Why it does not do what it is for there: that it failed, or is not ready; absent while nothing is wrong. */
      trouble: z.string().exactOptional(),
      /** Why it is not started there yet; absent while nothing holds it back. */
      waiting: z.string().exactOptional(),
      /** What is wrong with a file of its templates there; absent while nothing is. */
      template: z.string().exactOptional(),
      /** Until when the certificate that it has there is good (ISO 8601), and what keeps it from being renewed. */
      certificate: z.object({ until: z.string(), problem: z.string().exactOptional() }).exactOptional(),
    }),
  ),
  pending: z.string().exactOptional(),
  machines: z.array(z.object({ machine: z.string(), fits: z.boolean(), reason: z.string() })),
});

/** `GET /flotilla/v1/explain/<unit>`: where it is and why, and what each machine would say to it. */
export type ExplainReply = Immutable<z.infer<typeof explainReplySchema>>;

/** What events tell of, and what streams of them tell of themselves: `begin` and `end`. */
const eventKinds = [
  'machine',
  'unit',
  'placement',
  'state',
  'leader',
  'rollout',
  'cordon',
  'begin',
  'end',
] as const;

export const clusterEventSchema = z.object({
  /**
   * Its place in the store's history: the revision, and which of that revision's changes it tells of. Given as `after`
   * instead of `since`, it continues right after this line, also where a revision has more to tell. A revision alone
   * stands for all of it.
   */
  id: z.string(),
  /** The store's revision it happened at. */
  revision: z.string(),
  kind: z.enum(eventKinds),
  unit: z.string().exactOptional(),
  /** Name of the machine; its id when the name is not known any more. */
  machine: z.string().exactOptional(),
  message: z.string(),
});

/**
 * One line of `GET /flotilla/v1/events?since=<revision>&follow=true`, as newline-delimited JSON, oldest first. Without
 * `follow` the stream ends with the present revision. Without `since` it begins now when it follows, else with the
 * oldest event that the store still has; 410 when `since` is older than that, naming the oldest.
 *
 * A stream that follows begins with a line of the kind `begin`. One whose client reads too slowly ends with a line of
 * the kind `end`; every other end is a cut.
 */
export type ClusterEvent = Immutable<z.infer<typeof clusterEventSchema>>;

export const rolloutViewSchema = z.object({
  /** The template `hello@.service` or the global unit; other units change at once and have no rollout. */
  name: z.string(),
  state: rolloutStateSchema,
  /** Instances (of a global unit: machines) by how far they are. */
  updated: z.number(),
  total: z.number(),
  reason: z.string(),
  failure: rolloutFailureSchema.exactOptional(),
});

/** How a changed template or global unit is replacing its instances. */
export type RolloutView = Immutable<z.infer<typeof rolloutViewSchema>>;

export const rolloutsReplySchema = z.object({ rollouts: z.array(rolloutViewSchema) });

/**
 * `GET /flotilla/v1/rollouts`; `POST /flotilla/v1/rollouts/<name>/pause | resume | undo` answers one `RolloutView`.
 * `undo` brings the last good version back.
 */
export type RolloutsReply = Immutable<z.infer<typeof rolloutsReplySchema>>;
