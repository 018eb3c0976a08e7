/** `key=value` facts about a machine that units can ask for with `MachineMetadata=`. */
export type Metadata = Readonly<Record<string, string>>;

/** What a machine says under a key that a user chose: `constructor` is a key like any other. */
export function metadataValue(metadata: Metadata, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

/** What a machine has to give. Shown to users; the scheduler weighs by `Weight=` alone (decision 15). */
export interface Capacity {
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
}

/** A machine as its agent announces it under `/flotilla/machines/<id>`; the key's lease is its life sign. */
export interface Machine {
  /** The contents of /etc/machine-id: 32 lower-case hex digits (machine-id(5)). */
  readonly id: string;
  /** The plan's name for it, `core-1`: unique in the cluster, stable over replacement. */
  readonly name: string;
  /** IPv4 address on the cluster network. */
  readonly address: string;
  readonly metadata: Metadata;
  readonly capacity: Capacity;
  /** Version of the agent that runs there. */
  readonly version: string;
  /** /proc/sys/kernel/random/boot_id at the agent's start. */
  readonly bootId: string;
}
