import * as z from 'zod';
import {
  applyReplySchema,
  type ChangeRequest,
  type CordonRequest,
  clusterEventSchema,
  cordonReplySchema,
  cordonSchema,
  type DeparturesRequest,
  departuresReplySchema,
  errorReplySchema,
  explainReplySchema,
  imageRequestSchema,
  imagesReplySchema,
  imageViewSchema,
  machinesReplySchema,
  machineViewSchema,
  planReplySchema,
  type RebalanceRequest,
  rolloutsReplySchema,
  rolloutViewSchema,
  servicesReplySchema,
  unitFileViewSchema,
  unitsReplySchema,
  unitViewSchema,
} from '../../model/api.ts';
import { placementSchema } from '../../model/placement.ts';
import { registrationSchema } from '../../model/registration.ts';
import { unitStatusSchema } from '../../model/status.ts';
import { targetStateSchema } from '../../model/unit.ts';
import { component } from './components.ts';
import { listOf } from './list-schema.ts';

/*
 * What `/flotilla/v1` takes and answers: requests are checked by these schemas, and the OpenAPI document is made from
 * all of them. Replies are the model's (src/model/api.ts), which clients read by; here they get their names, and what
 * agents promise of revisions, while clients take any text for one.
 */

/** Units in one change: a store transaction takes 3000 operations, and some are ours. */
export const maxUnits = 2900;

/** In one question about them. */
const mostMachines = 1000;

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

component('Cordon', cordonSchema);
component('Machine', machineViewSchema);
component('Placement', placementSchema);
component('Registration', registrationSchema);
component('UnitStatus', unitStatusSchema);
component('Unit', unitViewSchema);

export const cordonReply = component('CordonedMachine', cordonReplySchema);
export const machinesReply = component('Machines', machinesReplySchema);
export const imageRequest = component('ImageRequest', imageRequestSchema);
export const imageView = component('Image', imageViewSchema);
export const imagesReply = component('Images', imagesReplySchema);
export const servicesReply = component('Services', servicesReplySchema);
export const unitFileView = component('UnitWithFile', unitFileViewSchema);
export const unitsReply = component('Units', unitsReplySchema.extend({ revision }));

export const changeRequest: z.ZodType<ChangeRequest> = component(
  'ChangeRequest',
  z.strictObject({
    put: listOf(
      z.strictObject({ name: z.string(), contents: z.string(), targetState: targetStateSchema }),
      maxUnits,
    ),
    destroy: listOf(z.string(), maxUnits),
    targets: listOf(
      z.strictObject({ name: z.string(), targetState: targetStateSchema }),
      maxUnits,
    ).exactOptional(),
    revision: revision.exactOptional(),
  }),
);

export const planReply = component('Plan', planReplySchema);
export const applyReply = component('Applied', applyReplySchema.extend({ revision }));
export const errorReply = component('Error', errorReplySchema);

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
  z.strictObject({ reason: z.string().exactOptional(), force: z.boolean().exactOptional() }),
);

export const departuresRequest: z.ZodType<DeparturesRequest> = component(
  'DeparturesRequest',
  z.strictObject({ machines: listOf(z.string(), mostMachines) }),
);
export const departuresReply = component('Departures', departuresReplySchema);

export const rebalanceRequest: z.ZodType<RebalanceRequest> = component(
  'RebalanceRequest',
  z.strictObject({ maxMoves: z.int().min(1) }),
);

export const explainReply = component('Explanation', explainReplySchema);

export const eventsQuery = z.object({
  since: revision.exactOptional(),
  after: eventId.exactOptional(),
  follow: z.enum(['true', 'false']).exactOptional(),
});

export const clusterEvent = component('ClusterEvent', clusterEventSchema.extend({ id: eventId, revision }));
export const rolloutView = component('Rollout', rolloutViewSchema);
export const rolloutsReply = component('Rollouts', rolloutsReplySchema);

export const openApiDocument = component('OpenApi', z.looseObject({ openapi: z.string() }));
