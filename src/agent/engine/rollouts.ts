import { pairOf } from '../../model/placement.ts';
import type { Rollout, Versions } from '../../model/rollout.ts';
import { type Step, stepRollout } from '../../scheduler/rollout.ts';
import { isOutdated, type Member } from '../../scheduler/rollout-group.ts';
import { observe, type Sights } from '../../scheduler/rollout-sights.ts';
import type { Decision } from '../../scheduler/snapshot.ts';
import type { ClusterState } from '../../store/cluster-state.ts';
import { changeKey, encodeRollout, encodeUnit, rolloutKey, unitKey } from '../../store/keys.ts';
import type { Operation, Unchanged } from '../../store/store.ts';
import { fitInBatch, inBatches } from '../../store/transaction.ts';
import { type ClusterSnapshot, type KnownUnit, withConflictsOf } from './cluster-snapshot.ts';
import type { Draft } from './draft.ts';
import { changingGroups, goneGroups, type RecordedGroup } from './rollout-groups.ts';
import type { FactsOf } from './unit-facts.ts';

/** Each record that is written is compared, and a transaction takes 60 comparisons. */
const recordsAtOnce = 50;

/** What rollouts lead to at one look. */
export interface RolloutPlan {
  /** Written before anything else, under `unchanged`; empty when nothing changes but placements. */
  readonly operations: readonly Operation[];
  readonly unchanged: readonly Unchanged[];
  /** What the engine says of it, by line. */
  readonly notes: readonly string[];
  /** Records that the store does not take. Their units keep what they have. */
  readonly problems: readonly string[];
  /** Units of which an instance gets its version now. */
  readonly turns: ReadonlySet<string>;
  /** Placements that keep the version they have although their unit shall have another one, by `pairOf`. */
  readonly kept: ReadonlyMap<string, Member>;
  /** When to look again on the engine's clock; Infinity for no such moment. */
  readonly until: number;
}

/** Remembers for the leader how long instances are as they are. A new leader begins anew. */
export class Rollouts {
  #sights: Sights = new Map();

  /** `held`: machines that are missing and may be back at any moment; `now` in milliseconds. */
  look(cluster: ClusterState, held: ReadonlySet<string>, now: number, factsOf: FactsOf): RolloutPlan {
    const groups = changingGroups(cluster, held, factsOf);
    const judged = groups.filter(({ record }) => record?.state !== 'paused' && record?.state !== 'failed');
    const before = this.#sights;
    const sights = new Map(judged.flatMap(({ group }) => [...observe(before, group.members, now)]));
    this.#sights = sights;
    const hasFile = (hash: string) => cluster.files.has(hash);
    const steps = groups.map((each) => stepRollout({ ...each, sights, now, hasFile }));
    return planOf(cluster, groups, steps, goneGroups(cluster, factsOf));
  }
}

function planOf(
  cluster: ClusterState,
  groups: readonly RecordedGroup[],
  steps: readonly Step[],
  gone: readonly string[],
): RolloutPlan {
  const changes = steps.flatMap(({ record, restore = {} }) => (record ? [{ record, restore }] : []));
  const fits = (change: RecordChange) => fitInBatch(writeOf(cluster, [change]).operations);
  const now = oneTransaction(cluster, changes.filter(fits));
  const turns = steps.flatMap((step) => step.turns);
  const having = new Set(turns.map(pairOf));
  const outdated = groups.flatMap(({ group }) => group.members.filter(isOutdated));
  const kept = outdated.filter((member) => !having.has(pairOf(member)) && cluster.files.has(member.hash));
  return {
    ...writeOf(cluster, now, gone.slice(0, recordsAtOnce)),
    notes: now.map(({ record }) => sayRecord(record)),
    problems: changes.filter((change) => !fits(change)).map(({ record }) => sayTooLarge(record)),
    turns: new Set(turns.map(({ unit }) => unit)),
    kept: new Map(kept.map((member) => [pairOf(member), member])),
    until: Math.min(...steps.map(({ until = Number.POSITIVE_INFINITY }) => until)),
  };
}

/** The others have their turn at the next look. */
function oneTransaction(cluster: ClusterState, changes: readonly RecordChange[]): RecordChange[] {
  const [first = []] = inBatches(changes, (change) => writeOf(cluster, [change]).operations);
  return first.slice(0, recordsAtOnce);
}

interface RecordChange {
  readonly record: Rollout;
  readonly restore: Versions;
}

/** Whoever else changes one of the records, or a unit while one goes back, was faster: then nothing is written. */
export function writeOf(
  cluster: ClusterState,
  changes: readonly RecordChange[],
  gone: readonly string[] = [],
): Pick<RolloutPlan, 'operations' | 'unchanged'> {
  const units = new Map(cluster.units.map((unit) => [unit.name, unit]));
  const puts = changes.map(({ record }) => ({ put: rolloutKey(record.name), value: encodeRollout(record) }));
  const restored = changes.flatMap(({ restore }) =>
    Object.entries(restore).flatMap(([name, hash]): Operation[] => {
      const unit = units.get(name);
      return unit ? [{ put: unitKey(name), value: encodeUnit({ ...unit, hash }) }] : [];
    }),
  );
  const renewal = restored.length > 0 ? [{ put: changeKey, value: 'rollout' }] : [];
  const compared = [
    ...changes.map(({ record }) => rolloutKey(record.name)),
    ...renewal.map(({ put }) => put),
  ];
  return {
    operations: [...puts, ...restored, ...renewal, ...gone.map((name) => ({ delete: rolloutKey(name) }))],
    unchanged: compared.map((key) => ({ key, modRevision: cluster.revisionOf(key) })),
  };
}

function sayRecord({ name, state, reason }: Rollout): string {
  return `rollout of ${name} is ${state}: ${reason}`;
}

function sayTooLarge({ name, from, to }: Rollout): string {
  const count = Math.max(Object.keys(from).length, Object.keys(to).length);
  return `the rollout of ${name} does not begin: the record of ${count} units is too large for etcd; use several templates`;
}

/**
 * The snapshot in which units whose turn has not come are what they are now: what their version asks for holds until
 * then, and one that has to move takes its version along. Those whose turn it is count as down already, so that no
 * drain takes another one.
 */
export function withVersionsInUse(
  snapshot: ClusterSnapshot,
  { kept, turns }: RolloutPlan,
  factsOf: FactsOf,
): ClusterSnapshot {
  if (kept.size === 0 && turns.size === 0) return snapshot;
  const inUse = new Map([...kept.values()].map(({ unit, hash }) => [unit, hash]));
  const units = snapshot.units.map((unit): KnownUnit => {
    const hash = inUse.get(unit.name);
    const facts = hash === undefined ? undefined : factsOf(unit.name, hash);
    if (hash === undefined || facts === undefined) return unit;
    const { name, targetState } = unit;
    const inForce = { name, hash, targetState, ...facts };
    return unit.requirements.global ? withConflictsOf(unit, inForce) : inForce;
  });
  return { ...snapshot, units, unready: new Set([...(snapshot.unready ?? []), ...turns]) };
}

/** Global units have one file for all machines, so their instances are held back one by one. */
export function holdBack(draft: Draft, { kept, until }: RolloutPlan): Draft {
  const waits = (decision: Decision) => {
    if (decision.type === 'remove') return false;
    const { placement } = decision;
    const member = kept.get(pairOf(placement));
    return member !== undefined && member.hash !== placement.hash;
  };
  return {
    ...draft,
    decisions: draft.decisions.filter((decision) => !waits(decision)),
    until: Math.min(draft.until, until),
  };
}
