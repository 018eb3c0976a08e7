import type { Cordon, RebalanceRequest } from '../model/api.ts';
import type { CertificateRequest, IssuedCertificate } from '../model/certificate.ts';
import type { ImageKeeper, ImageRecord } from '../model/image-record.ts';
import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { Registration } from '../model/registration.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import type { Unit } from '../model/unit.ts';
import {
  leaderKey,
  type Malformed,
  type Parsed,
  type PatchedMetadata,
  parseAddress,
  parseCertificate,
  parseCordon,
  parseImage,
  parseKeeper,
  parseLeaving,
  parseMachine,
  parseMember,
  parseMetadata,
  parsePlacement,
  parseRebalance,
  parseRegistration,
  parseRequest,
  parseRollout,
  parseStatus,
  parseUnitEntry,
  prefixes,
  rebalanceKey,
  rootPrefix,
  type Whereabouts,
} from './keys.ts';
import { type Entry, entriesOf, type Store } from './store.ts';

/** All of Flotilla's keys at one moment, parsed. Malformed ones are left out and listed. */
export interface ClusterState {
  readonly revision: bigint;
  /**
   * Under the names and addresses that the stack gave them, if it told any, with the metadata that users set over the
   * machines' own.
   */
  readonly machines: readonly Machine[];
  /** What users set, by machine id, also for machines that are not there. */
  readonly patched: ReadonlyMap<string, PatchedMetadata>;
  readonly units: readonly Unit[];
  /** Contents of unit files by their hash. */
  readonly files: ReadonlyMap<string, string>;
  readonly placements: readonly Placement[];
  readonly statuses: readonly UnitStatus[];
  readonly rollouts: readonly Rollout[];
  /** What machines say that their units offer: their word alone. */
  readonly registrations: readonly Registration[];
  /** Images that were pushed. */
  readonly images: readonly ImageRecord[];
  /** What machines say that they keep of them: their word alone. */
  readonly keepers: readonly ImageKeeper[];
  /** What machines ask to have signed: their word alone. */
  readonly requests: readonly CertificateRequest[];
  /** What leaders answered to that. */
  readonly certificates: readonly IssuedCertificate[];
  /** By machine id; the machine need not be there now. */
  readonly cordons: ReadonlyMap<string, Cordon>;
  /** By machine id: where machines were met last, also those that are missing. */
  readonly met: ReadonlyMap<string, Whereabouts>;
  /** The same, and where the stack says that its machines are. */
  readonly whereabouts: ReadonlyMap<string, Whereabouts>;
  /** The machines of the stack by id; empty where nobody has told of any. */
  readonly members: ReadonlyMap<string, Whereabouts>;
  /** Machines and units: who may still run what it has no placement of any more. */
  readonly leaving: readonly (readonly [machineId: string, unit: string])[];
  /** A rebalance that is asked for and not done yet. */
  readonly rebalance?: RebalanceRequest;
  /** Id of the machine that leads. */
  readonly leader?: string;
  /** The revision that a key was written at last; 0n where there is none. */
  readonly revisionOf: (key: string) => bigint;
  readonly malformed: readonly Malformed[];
}

/**
 * Parses each entry once: a mirror keeps those that did not change, and the engine looks at all of them again whenever
 * one does. No entry is of two keys.
 */
function onceAnEntry<T>(parse: (key: string, value: string) => Parsed<T>) {
  const known = new WeakMap<Entry, Parsed<T>>();
  return (key: string, entry: Entry): Parsed<T> => {
    const found = known.get(entry) ?? parse(key, entry.value);
    known.set(entry, found);
    return found;
  };
}

const machineIn = onceAnEntry(parseMachine);
const metadataIn = onceAnEntry(parseMetadata);
const unitIn = onceAnEntry(parseUnitEntry);
const placementIn = onceAnEntry(parsePlacement);
const statusIn = onceAnEntry(parseStatus);
const registrationIn = onceAnEntry(parseRegistration);
const requestIn = onceAnEntry(parseRequest);
const certificateIn = onceAnEntry(parseCertificate);
const rolloutIn = onceAnEntry(parseRollout);
const imageIn = onceAnEntry(parseImage);
const keeperIn = onceAnEntry(parseKeeper);
const cordonIn = onceAnEntry(parseCordon);
const addressIn = onceAnEntry(parseAddress);
const memberIn = onceAnEntry(parseMember);
const rebalanceIn = onceAnEntry(parseRebalance);

/** What the keys hold, kind by kind, before one says anything of another. */
interface Found {
  readonly machines: Machine[];
  readonly patched: [string, PatchedMetadata][];
  readonly units: Unit[];
  readonly files: Map<string, string>;
  readonly placements: Placement[];
  readonly statuses: UnitStatus[];
  readonly rollouts: Rollout[];
  readonly registrations: Registration[];
  readonly images: ImageRecord[];
  readonly keepers: ImageKeeper[];
  readonly requests: CertificateRequest[];
  readonly certificates: IssuedCertificate[];
  readonly cordons: [string, Cordon][];
  readonly met: [string, Whereabouts][];
  readonly members: [string, Whereabouts][];
  readonly leaving: [string, string][];
  readonly rebalances: RebalanceRequest[];
  readonly malformed: Malformed[];
}

type Reader = (found: Found, key: string, entry: Entry) => void;

const readers: readonly (readonly [prefix: string, read: Reader])[] = [
  [prefixes.machine, (found, key, entry) => take(found, found.machines, machineIn(key, entry))],
  [prefixes.metadata, (found, key, entry) => take(found, found.patched, metadataIn(key, entry))],
  [prefixes.unit, (found, key, entry) => take(found, found.units, unitIn(key, entry))],
  [prefixes.file, ({ files }, key, { value }) => files.set(key.slice(prefixes.file.length), value)],
  [prefixes.placement, (found, key, entry) => take(found, found.placements, placementIn(key, entry))],
  [prefixes.status, (found, key, entry) => take(found, found.statuses, statusIn(key, entry))],
  [prefixes.rollout, (found, key, entry) => take(found, found.rollouts, rolloutIn(key, entry))],
  [prefixes.service, (found, key, entry) => take(found, found.registrations, registrationIn(key, entry))],
  [prefixes.image, (found, key, entry) => take(found, found.images, imageIn(key, entry))],
  [prefixes.keeper, (found, key, entry) => take(found, found.keepers, keeperIn(key, entry))],
  [prefixes.request, (found, key, entry) => take(found, found.requests, requestIn(key, entry))],
  [prefixes.certificate, (found, key, entry) => take(found, found.certificates, certificateIn(key, entry))],
  [prefixes.cordon, (found, key, entry) => take(found, found.cordons, cordonIn(key, entry))],
  [prefixes.address, (found, key, entry) => take(found, found.met, addressIn(key, entry))],
  [prefixes.member, (found, key, entry) => take(found, found.members, memberIn(key, entry))],
  [prefixes.leaving, ({ leaving }, key) => leaving.push(parseLeaving(key))],
  [rebalanceKey, (found, key, entry) => take(found, found.rebalances, rebalanceIn(key, entry))],
];

function take<T>({ malformed }: Found, into: T[], parsed: Parsed<T>): void {
  if ('value' in parsed) into.push(parsed.value);
  else malformed.push(parsed.malformed);
}

function findKinds(entries: ReadonlyMap<string, Entry>): Found {
  const found: Found = {
    ...{ machines: [], patched: [], units: [], files: new Map(), placements: [], statuses: [], rollouts: [] },
    ...{ requests: [], certificates: [] },
    ...{
      registrations: [],
      images: [],
      keepers: [],
      cordons: [],
      met: [],
      members: [],
      leaving: [],
      rebalances: [],
      malformed: [],
    },
  };
  for (const [key, entry] of entries) {
    readers.find(([prefix]) => key.startsWith(prefix))?.[1](found, key, entry);
  }
  return found;
}

/** Reads keys as `Store.list(rootPrefix)` or a mirror of it gives them. Keys of other kinds are passed over. */
export function readClusterState(entries: ReadonlyMap<string, Entry>, revision: bigint): ClusterState {
  const { machines, cordons, met, rebalances, ...found } = findKinds(entries);
  const leader = entries.get(leaderKey)?.value;
  const patched = new Map(found.patched);
  const members = new Map(found.members);
  const [rebalance] = rebalances;
  return {
    revision,
    ...found,
    machines: identified(machines, members).map((machine) => withPatch(machine, patched.get(machine.id))),
    patched,
    cordons: new Map(cordons),
    met: new Map(met),
    whereabouts: new Map([...met, ...members]),
    members,
    ...(rebalance !== undefined && { rebalance }),
    ...(leader !== undefined && { leader }),
    revisionOf: (key) => entries.get(key)?.revision ?? 0n,
  };
}

/**
 * What a machine says of its own name and address may be a lie, and only the stack knows better: so the stack's word
 * counts, and a machine that it does not name is none. Where it has named nobody, each is believed.
 */
function identified(machines: readonly Machine[], members: ReadonlyMap<string, Whereabouts>): Machine[] {
  if (members.size === 0) return [...machines];
  return machines.flatMap((machine): Machine[] => {
    const member = members.get(machine.id);
    return member === undefined ? [] : [{ ...machine, name: member.name, address: member.address }];
  });
}

/** A user's value wins over the machine's own, and null hides it. */
function withPatch(machine: Machine, patch: PatchedMetadata | undefined): Machine {
  if (patch === undefined) return machine;
  const merged = Object.entries({ ...machine.metadata, ...patch });
  const metadata = merged.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
  return { ...machine, metadata: Object.fromEntries(metadata) };
}

/** What people call a machine, by its id, also one that is gone: by the id where nobody has told a name. */
export function machineNames({
  machines,
  whereabouts,
}: Pick<ClusterState, 'machines' | 'whereabouts'>): (id: string) => string {
  const names = new Map<string, string>();
  for (const [id, { name }] of whereabouts) names.set(id, name);
  for (const { id, name } of machines) names.set(id, name);
  return (id) => names.get(id) ?? id;
}

/** What was read of each store last, while there is room for it. */
const lastRead = new WeakMap<Store, WeakRef<ReadonlyMap<string, Entry>>>();

/** Reads everything at one revision. What has not changed since the last time is not parsed again. */
export async function readCluster(store: Store): Promise<ClusterState> {
  const { keys, revision } = await store.list(rootPrefix);
  const entries = keepingUnchanged(entriesOf(keys), lastRead.get(store)?.deref());
  lastRead.set(store, new WeakRef(entries));
  return readClusterState(entries, revision);
}

/** The value is compared too: an etcd that was restored from a backup has the same revisions again. */
function keepingUnchanged(
  entries: ReadonlyMap<string, Entry>,
  before: ReadonlyMap<string, Entry> = new Map(),
): ReadonlyMap<string, Entry> {
  const kept = [...entries].map(([key, entry]): [string, Entry] => {
    const known = before.get(key);
    return [key, known?.revision === entry.revision && known.value === entry.value ? known : entry];
  });
  return new Map(kept);
}
