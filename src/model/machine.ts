import * as z from 'zod';
import type { Immutable } from './immutable.ts';

const metadataSchema = z.record(z.string(), z.string());

/** `key=value` facts about a machine that units can ask for with `MachineMetadata=`. */
export type Metadata = Immutable<z.infer<typeof metadataSchema>>;

/** What a machine says under a key that a user chose: `constructor` is a key like any other. */
export function metadataValue(metadata: Metadata, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

const capacitySchema = z.object({
  cpus: z.number(),
  /** MiB */
  memory: z.number(),
});

/** What a machine has to give. Shown to users; the scheduler weighs by `Weight=` alone (decision 15). */
export type Capacity = Immutable<z.infer<typeof capacitySchema>>;

export const machineSchema = z.object({
  /** The contents of /etc/machine-id: 32 lower-case hex digits (machine-id(5)). */
  id: z.string(),
  /** The plan's name for it, `core-1`: unique in the cluster, stable over replacement. */
  name: z.string(),
  /** IPv4 address on the cluster network. */
  address: z.string(),
  metadata: metadataSchema,
  capacity: capacitySchema,
  /** Version of the agent that runs there. */
  version: z.string(),
  /** /proc/sys/kernel/random/boot_id at the agent's start. */
  bootId: z.string(),
});

/** A machine as its agent announces it under `/flotilla/machines/<id>`; the key's lease is its life sign. */
export type Machine = Immutable<z.infer<typeof machineSchema>>;
