import * as z from 'zod';
import { targetStateSchema } from '../../../model/unit.ts';
import { component } from '../components.ts';
import { listOf } from '../list-schema.ts';
import { maxUnits } from '../schemas.ts';

/*
 * fleet's entities, as its documentation (api-v1.md) and discovery document describe them. Go leaves out what is
 * empty, and so do we.
 */

const unitOption = component(
  'FleetUnitOption',
  z.object({
    name: z.string().exactOptional(),
    section: z.string().exactOptional(),
    value: z.string().exactOptional(),
  }),
);

export const unit = component(
  'FleetUnit',
  z.object({
    currentState: targetStateSchema.exactOptional(),
    desiredState: targetStateSchema,
    machineID: z.string().exactOptional(),
    name: z.string(),
    options: z.array(unitOption).exactOptional(),
  }),
);

export const unitPage = component(
  'FleetUnitPage',
  z.object({
    nextPageToken: z.string().exactOptional(),
    units: z.array(unit).exactOptional(),
  }),
);

export const unitState = component(
  'FleetUnitState',
  z.object({
    hash: z.string().exactOptional(),
    machineID: z.string(),
    name: z.string(),
    systemdActiveState: z.string().exactOptional(),
    systemdLoadState: z.string().exactOptional(),
    systemdSubState: z.string().exactOptional(),
  }),
);

export const statePage = component(
  'FleetUnitStatePage',
  z.object({
    nextPageToken: z.string().exactOptional(),
    states: z.array(unitState).exactOptional(),
  }),
);

const machine = component(
  'FleetMachine',
  z.object({
    id: z.string(),
    metadata: z.record(z.string(), z.string()).exactOptional(),
    primaryIP: z.string(),
  }),
);

export const machinePage = component(
  'FleetMachinePage',
  z.object({
    machines: z.array(machine).exactOptional(),
    nextPageToken: z.string().exactOptional(),
  }),
);

export type FleetUnit = z.infer<typeof unit>;
export type FleetUnitState = z.infer<typeof unitState>;
export type FleetMachine = z.infer<typeof machine>;

/** Go takes `null` for "not given" everywhere, and does not look at keys it doesn't know. */
export const unitBody = component(
  'FleetUnitRequest',
  z.looseObject({
    desiredState: z.string().nullish(),
    name: z.string().nullish(),
    // Far more than a unit has.
    options: listOf(
      z.looseObject({
        name: z.string().nullish(),
        section: z.string().nullish(),
        value: z.string().nullish(),
      }),
      10_000,
    ).nullish(),
  }),
);

/** The value is fleet's `{"value": "x"}`, or the plain string that its documentation and JSON Patch (RFC 6902) show. */
export const metadataPatch = component(
  'FleetMetadataPatch',
  listOf(
    z.looseObject({
      op: z.string().nullish(),
      path: z.string().nullish(),
      value: z.union([z.string(), z.looseObject({ value: z.string().nullish() })]).nullish(),
    }),
    maxUnits,
  ),
);

export const discovery = component(
  'FleetDiscovery',
  z.looseObject({ kind: z.literal('discovery#restDescription') }),
);
