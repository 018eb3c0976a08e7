import type { RolloutView, UnitView } from '../model/api.ts';
import type { RolloutPolicy } from '../model/flotilla-options.ts';
import { templateOf } from '../unit/name.ts';
import { readNeeds } from '../unit/needs.ts';
import { parseUnit } from '../unit/parse.ts';
import { rolloutGroup } from '../unit/rollout-group.ts';
import type { DesiredSet, UnitOperation } from './diff.ts';
import type { UnitFailure, Wanted } from './health.ts';

/** What rolls instead of changing at once, and how: for preview. */
export interface PlannedRollout {
  /** The template or the global unit. */
  readonly name: string;
  /** A clause for the user. */
  readonly how: string;
}

/** Updates of instances that are placed; where nothing runs yet there is nothing to replace. */
export function plannedRollouts(
  desired: DesiredSet,
  operations: readonly UnitOperation[],
  remote: readonly UnitView[],
): readonly PlannedRollout[] {
  const updated = new Set(operations.flatMap(({ type, unit }) => (type === 'update' ? unit : [])));
  const placed = new Map(remote.map(({ name, placements }) => [name, placements.length]));
  const groups = new Map<string, { instances: number; policies: RolloutPolicy[] }>();
  for (const { name, contents } of desired.units) {
    const { requirements, flotilla } = readNeeds(name, parseUnit(contents).options);
    const group = rolloutGroup(name, requirements);
    const count = placed.get(name) ?? 0;
    if (group === undefined || count === 0 || !updated.has(name)) continue;
    const { instances, policies } = groups.get(group) ?? { instances: 0, policies: [] };
    groups.set(group, { instances: instances + count, policies: [...policies, flotilla.rollout] });
  }
  return [...groups].map(([name, { instances, policies }]) => ({ name, how: sayHow(instances, policies) }));
}

function sayHow(instances: number, policies: readonly RolloutPolicy[]): string {
  const atOnce = Math.min(instances, ...policies.map(({ maxUnavailable }) => maxUnavailable));
  const deadline = Math.max(...policies.map((policy) => policy.deadline));
  const failure = policies.every(({ rollback }) => rollback)
    ? 'the version before comes back'
    : 'it stops there';
  const pace = atOnce === instances ? 'all at once' : `${atOnce} at a time`;
  return `rolls over ${instances} instances, ${pace}; each gets ${deadline} s to be ready, and if one fails ${failure}`;
}

/** Rollouts of the wanted units' groups. */
export function concerning(wanted: Wanted, rollouts: readonly RolloutView[]): readonly RolloutView[] {
  const groups = new Set(wanted.units.flatMap(({ name }) => [name, templateOf(name) ?? name]));
  return rollouts.filter(({ name }) => groups.has(name));
}

export function belongsTo(unit: string, rollouts: readonly RolloutView[]): boolean {
  return rollouts.some(({ name }) => name === unit || name === templateOf(unit));
}

/**
 * Rollouts that ended without the wanted version. A record of an earlier one may still stand there right after a change,
 * so a rolled back one counts only when the cluster does not want this version any more.
 */
export function badEnds(
  wanted: Wanted,
  rollouts: readonly RolloutView[],
  views: readonly UnitView[],
): readonly RolloutView[] {
  const hashes = new Map(views.map(({ name, hash }) => [name, hash]));
  const reverted = wanted.units.filter(({ name, hash }) => hashes.has(name) && hashes.get(name) !== hash);
  return rollouts.filter(
    (rollout) =>
      rollout.state === 'failed' ||
      (rollout.state === 'rolled-back' && reverted.some(({ name }) => belongsTo(name, [rollout]))),
  );
}

export function rolloutFailure({ name, reason, failure }: RolloutView): UnitFailure {
  const { unit = name, machine = 'no machine', journal = [] } = failure ?? {};
  return { unit, machine, result: reason, journal };
}

export function sayProgress({ name, state, updated, total, reason }: RolloutView): string {
  return state === 'rolling-back'
    ? `rollback of ${name}: ${updated} of ${total} have the version before, ${reason}`
    : `rollout of ${name}: ${updated} of ${total} updated, ${reason}`;
}

export function sayBadEnd({ name, state, reason, failure }: RolloutView): string {
  const ended = state === 'rolled-back' ? 'was rolled back' : 'failed and was left as it is';
  const lines = (failure?.journal ?? []).map((line) => `\n  ${line}`);
  return `the rollout of ${name} ${ended}: ${reason}${lines.join('')}`;
}
