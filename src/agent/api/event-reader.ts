import type { ClusterEvent } from '../../model/api.ts';
import { pairOf } from '../../model/placement.ts';
import { isUnusable } from '../../model/readiness.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import {
  leaderKey,
  type Parsed,
  type PatchedMetadata,
  parseAddress,
  parseCordon,
  parseMachine,
  parseMember,
  parseMetadata,
  parsePlacement,
  parseRemovals,
  parseRollout,
  parseStatus,
  parseUnitEntry,
  prefixes,
  removalsKey,
  splitPair,
  type Whereabouts,
} from '../../store/keys.ts';
import type { Change } from '../../store/store.ts';

type Told = Omit<ClusterEvent, 'id' | 'revision'>;

/** Digits of a hash that tell one version of a file from another. */
const shownDigits = 8;

/** Turns the store's changes, in their order, into what a person wants to know of them. */
export class EventReader {
  readonly #names = new Map<string, string>();
  /** What the stack says of its machines, which counts for more than what they say themselves. */
  readonly #members = new Map<string, Whereabouts>();
  /** What was told last of each key: a value that is written again, as after a lost lease, is nothing new. */
  readonly #told = new Map<string, string>();
  /** Why units are about to leave machines, by placement. */
  readonly #removals = new Map<string, string>();
  /** Who leads, to name who does not any more. */
  #leader: string | undefined;
  /** Where the last change stands: its revision, and which of that revision's changes it is, from 1. */
  #revision = -1n;
  #index = 0;

  /** `fromNow`: the first change comes right after `cluster`, so who leads then is known. */
  constructor({ machines, whereabouts, members, leader }: ClusterState, { fromNow }: { fromNow: boolean }) {
    for (const [id, member] of members) this.#members.set(id, member);
    for (const [id, { name }] of whereabouts) this.#names.set(id, name);
    for (const { id, name } of machines) this.#names.set(id, name);
    if (fromNow) this.#leader = leader;
  }

  /** To be given every change from the first of its revision on, or the ids are wrong. */
  read(change: Change): ClusterEvent[] {
    this.#index = change.revision === this.#revision ? this.#index + 1 : 1;
    this.#revision = change.revision;
    const reader = readers.find(([prefix]) => change.key.startsWith(prefix))?.[1];
    const told = reader && this[reader](change);
    if (told === undefined) return [];
    const { key, revision } = change;
    if (change.type === 'delete') this.#told.delete(key);
    else if (this.#told.get(key) === told.message) return [];
    else this.#told.set(key, told.message);
    return [{ id: `${revision}.${this.#index}`, revision: String(revision), ...told }];
  }

  machine({ type, key, value }: Change): Told | undefined {
    const id = key.slice(prefixes.machine.length);
    if (type === 'delete')
      return { kind: 'machine', machine: this.#name(id), message: 'gone: its lease ended' };
    const machine = foundIn(parseMachine(key, value));
    if (machine === undefined) return undefined;
    const { name, address } = this.#members.get(id) ?? machine;
    this.#names.set(id, name);
    const message = `a member of the cluster (${address}, agent ${machine.version})`;
    return { kind: 'machine', machine: name, message };
  }

  metadata({ type, key, value }: Change): Told {
    const machine = this.#name(key.slice(prefixes.metadata.length));
    const [, patch = {}] = (type === 'put' ? foundIn(parseMetadata(key, value)) : undefined) ?? [];
    return { kind: 'machine', machine, message: `metadata set by users: ${patchText(patch)}` };
  }

  /** Only remembered: where a machine was met is no event, but its name is needed once it is gone. */
  address({ key, value }: Change): undefined {
    const found = foundIn(parseAddress(key, value));
    if (found !== undefined) this.#names.set(found[0], found[1].name);
  }

  member({ type, key, value }: Change): undefined {
    const id = key.slice(prefixes.member.length);
    const found = type === 'put' ? foundIn(parseMember(key, value)) : undefined;
    if (found === undefined) return void this.#members.delete(id);
    this.#members.set(...found);
    this.#names.set(id, found[1].name);
  }

  unit({ type, key, value }: Change): Told | undefined {
    const unit = key.slice(prefixes.unit.length);
    if (type === 'delete') return { kind: 'unit', unit, message: 'destroyed' };
    const entry = foundIn(parseUnitEntry(key, value));
    if (entry === undefined) return undefined;
    const message = `shall be ${entry.targetState}, file ${entry.hash.slice(0, shownDigits)}`;
    return { kind: 'unit', unit, message };
  }

  placement({ type, key, value }: Change): Told | undefined {
    const [machineId, unit] = splitPair(key, prefixes.placement);
    const about = { kind: 'placement', unit, machine: this.#name(machineId) } as const;
    if (type === 'put') {
      const placement = foundIn(parsePlacement(key, value));
      return placement && { ...about, message: `placed: ${placement.reason}` };
    }
    const pair = pairOf({ unit, machineId });
    const reason = this.#removals.get(pair);
    this.#removals.delete(pair);
    return { ...about, message: reason === undefined ? 'taken away' : `taken away: ${reason}` };
  }

  /** Comes before the placements of the same transaction go. */
  removals({ key, value }: Change): undefined {
    for (const [reason, pairs] of Object.entries(foundIn(parseRemovals(key, value)) ?? {})) {
      for (const [machineId, unit] of pairs) this.#removals.set(pairOf({ unit, machineId }), reason);
    }
  }

  state({ type, key, value }: Change): Told | undefined {
    const [machineId, unit] = splitPair(key, prefixes.status);
    const about = { kind: 'state', unit, machine: this.#name(machineId) } as const;
    if (type === 'delete') return { ...about, message: 'no longer there' };
    const status = foundIn(parseStatus(key, value));
    return status && { ...about, message: statusText(status) };
  }

  leader({ type, value }: Change): Told | undefined {
    const before = this.#leader;
    this.#leader = type === 'put' ? value : undefined;
    if (type === 'delete') {
      const name = before === undefined ? {} : { machine: this.#name(before) };
      return { kind: 'leader', ...name, message: 'does not lead the cluster any more' };
    }
    return { kind: 'leader', machine: this.#name(value), message: 'leads the cluster' };
  }

  cordon({ type, key, value }: Change): Told | undefined {
    const about = { kind: 'cordon', machine: this.#name(key.slice(prefixes.cordon.length)) } as const;
    if (type === 'delete') return { ...about, message: 'takes units again' };
    const found = foundIn(parseCordon(key, value));
    if (found === undefined) return undefined;
    const [, { drain, reason, force }] = found;
    if (force) return { ...about, message: `gives up all of its units: ${reason}` };
    const because = reason === '' ? '' : `: ${reason}`;
    return { ...about, message: `${drain ? 'gives its units away' : 'takes no new units'}${because}` };
  }

  rollout({ type, key, value }: Change): Told | undefined {
    const unit = key.slice(prefixes.rollout.length);
    if (type === 'delete') return undefined;
    const rollout = foundIn(parseRollout(key, value));
    return rollout && { kind: 'rollout', unit, message: `${rollout.state}: ${rollout.reason}` };
  }

  #name(id: string): string {
    return this.#names.get(id) ?? id;
  }
}

/** Who reads which keys. Keys of other kinds are no events. */
const readers = [
  [prefixes.machine, 'machine'],
  [prefixes.metadata, 'metadata'],
  [prefixes.address, 'address'],
  [prefixes.member, 'member'],
  [prefixes.unit, 'unit'],
  [prefixes.placement, 'placement'],
  [prefixes.status, 'state'],
  [prefixes.cordon, 'cordon'],
  [prefixes.rollout, 'rollout'],
  [removalsKey, 'removals'],
  [leaderKey, 'leader'],
] as const;

function foundIn<T>(parsed: Parsed<T>): T | undefined {
  return 'value' in parsed ? parsed.value : undefined;
}

function patchText(patch: PatchedMetadata): string {
  const pairs = Object.entries(patch).map(([key, value]) =>
    value === null ? `no ${key}` : `${key}=${value}`,
  );
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}

function statusText(status: UnitStatus): string {
  const { load, active, sub, ready, failure } = status;
  const unusable = isUnusable(status) ? `${load}, ` : '';
  const probe = ready === undefined ? '' : `, ${ready.ok ? 'ready' : `not ready: ${ready.detail}`}`;
  const result = failure === undefined ? '' : `, ${failure.result}`;
  return `${unusable}${active} (${sub})${result}${probe}`;
}
