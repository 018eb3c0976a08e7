import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { UnitStatus } from '../model/status.ts';
import type { Unit } from '../model/unit.ts';
import {
  leaderKey,
  type Malformed,
  type Parsed,
  parseMachine,
  parsePlacement,
  parseStatus,
  parseUnitEntry,
  prefixes,
  rootPrefix,
} from './keys.ts';
import type { Store } from './store.ts';

/** A value and the revision it was written at. */
export interface Entry {
  readonly value: string;
  readonly revision: bigint;
}

/** All of Flotilla's keys at one moment, parsed. Malformed ones are left out and listed. */
export interface ClusterState {
  readonly revision: bigint;
  readonly machines: readonly Machine[];
  readonly units: readonly Unit[];
  /** Contents of unit files by their hash. */
  readonly files: ReadonlyMap<string, string>;
  readonly placements: readonly Placement[];
  readonly statuses: readonly UnitStatus[];
  /** Id of the machine that leads. */
  readonly leader?: string;
  /** Revisions of `leaderKey`, `changeKey` and each unit's key; 0n where there is none. */
  readonly revisionOf: (key: string) => bigint;
  readonly malformed: readonly Malformed[];
}

/** Reads keys as `Store.list(rootPrefix)` or a mirror of it gives them. Keys of other kinds are passed over. */
export function readClusterState(entries: ReadonlyMap<string, Entry>, revision: bigint): ClusterState {
  const found = {
    machines: [] as Machine[],
    units: [] as Unit[],
    files: new Map<string, string>(),
    placements: [] as Placement[],
    statuses: [] as UnitStatus[],
    malformed: [] as Malformed[],
  };
  const take = <T>(into: T[], parsed: Parsed<T>) => {
    if ('value' in parsed) into.push(parsed.value);
    else found.malformed.push(parsed.malformed);
  };
  const readers: readonly [prefix: string, read: (key: string, value: string) => void][] = [
    [prefixes.machine, (key, value) => take(found.machines, parseMachine(key, value))],
    [prefixes.unit, (key, value) => take(found.units, parseUnitEntry(key, value))],
    [prefixes.file, (key, value) => found.files.set(key.slice(prefixes.file.length), value)],
    [prefixes.placement, (key, value) => take(found.placements, parsePlacement(key, value))],
    [prefixes.status, (key, value) => take(found.statuses, parseStatus(key, value))],
  ];
  for (const [key, { value }] of entries) {
    readers.find(([prefix]) => key.startsWith(prefix))?.[1](key, value);
  }
  const leader = entries.get(leaderKey)?.value;
  return {
    revision,
    ...found,
    ...(leader !== undefined && { leader }),
    revisionOf: (key) => entries.get(key)?.revision ?? 0n,
  };
}

/** Reads everything at one revision. */
export async function readCluster(store: Store): Promise<ClusterState> {
  const { keys, revision } = await store.list(rootPrefix);
  const entries = keys.map(({ key, value, modRevision }): [string, Entry] => [
    key,
    { value, revision: modRevision },
  ]);
  return readClusterState(new Map(entries), revision);
}
