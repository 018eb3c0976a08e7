import type { RolloutPolicy } from '../model/flotilla-options.ts';
import type { Machine } from '../model/machine.ts';
import { type Placement, pairOf } from '../model/placement.ts';
import { type Expectation, isReady } from '../model/readiness.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import type { Unit } from '../model/unit.ts';
import { shortId } from './match.ts';

/** A template's instance or a global unit, with what its file says of rollouts. */
export interface RollingUnit extends Unit {
  readonly global: boolean;
  readonly policy: RolloutPolicy;
  readonly expects: Expectation;
}

/** The cluster at one moment, as far as rollouts depend on it, by what it is looked up by. */
export interface RolloutSnapshot {
  readonly machines: ReadonlyMap<string, Machine>;
  /** Missing machines that may be back at any moment, see the agent's grace. */
  readonly held: ReadonlySet<string>;
  readonly placements: ReadonlyMap<string, readonly Placement[]>;
  /** By `pairOf`. */
  readonly statuses: ReadonlyMap<string, UnitStatus>;
}

export interface RolloutSources {
  readonly machines: readonly Machine[];
  readonly placements: readonly Placement[];
  readonly statuses: readonly UnitStatus[];
}

export function rolloutSnapshot(sources: RolloutSources, held: ReadonlySet<string>): RolloutSnapshot {
  const placements = new Map<string, Placement[]>();
  for (const placement of sources.placements) {
    const known = placements.get(placement.unit);
    if (known) known.push(placement);
    else placements.set(placement.unit, [placement]);
  }
  return {
    machines: new Map(sources.machines.map((machine) => [machine.id, machine])),
    held,
    placements,
    statuses: new Map(sources.statuses.map((status) => [pairOf(status), status])),
  };
}

/** A unit on a machine that shall run there. */
export interface Member {
  readonly unit: string;
  readonly machineId: string;
  /** Its name, or the beginning of its id while it is missing. */
  readonly machine: string;
  /** The version the machine was told to have, and the one that the unit shall have. */
  readonly hash: string;
  readonly wanted: string;
  /** False while no machine has it. */
  readonly placed: boolean;
  /** Whether its machine is there. */
  readonly here: boolean;
  /** What the machine says of the version it was told to have; undefined until it does. */
  readonly status?: UnitStatus;
  readonly expects: Expectation;
  /** `RolloutPolicy.deadline` */
  readonly deadline: number;
}

/** What rolls together: all instances of a template, or a global unit on all its machines. */
export interface Group {
  readonly name: string;
  readonly units: readonly RollingUnit[];
  /** By unit and machine. */
  readonly members: readonly Member[];
  readonly maxUnavailable: number;
  readonly rollback: boolean;
}

/** `record`: what was decided about the group before. */
export function groupOf(
  name: string,
  units: readonly RollingUnit[],
  snapshot: RolloutSnapshot,
  record?: Rollout,
): Group {
  const members = units.flatMap((unit) => membersOf(unit, snapshot, record));
  return {
    name,
    units,
    members: members.sort((a, b) => order.compare(a.unit, b.unit) || order.compare(a.machine, b.machine)),
    maxUnavailable: Math.min(...units.map(({ policy }) => policy.maxUnavailable)),
    rollback: units.every(({ policy }) => policy.rollback),
  };
}

/**
 * Where a unit is not launched, changing it takes nothing away from anybody. Of a missing machine only what may come
 * back counts: a global unit there is nobody else's, so it would hold up the others for as long as the machine is off.
 * A unit that has lost its machine since the rollout began is down by it, for all that is known.
 */
function membersOf(unit: RollingUnit, snapshot: RolloutSnapshot, record: Rollout | undefined): Member[] {
  if (unit.targetState !== 'launched') return [];
  const placements = snapshot.placements.get(unit.name) ?? [];
  if (placements.length === 0) {
    return unit.global || record?.to[unit.name] === undefined ? [] : [homeless(unit)];
  }
  return placements.flatMap((placement): Member[] => {
    const machine = snapshot.machines.get(placement.machineId);
    if (placement.targetState !== 'launched') return [];
    if (!machine && unit.global && !snapshot.held.has(placement.machineId)) return [];
    return [memberOf(placement, unit, machine, snapshot.statuses.get(pairOf(placement)))];
  });
}

/** It gets the version it shall have as soon as a machine takes it. */
function homeless({ name, hash, expects, policy }: RollingUnit): Member {
  const nowhere = { machineId: '', machine: 'no machine', placed: false, here: false };
  return { unit: name, ...nowhere, hash, wanted: hash, expects, deadline: policy.deadline };
}

/** `hello@2` before `hello@10`; the locale is fixed, so that every leader has the same order. */
const order = new Intl.Collator('en', { numeric: true });

function memberOf(
  { machineId, hash }: Placement,
  unit: RollingUnit,
  machine: Machine | undefined,
  status: UnitStatus | undefined,
): Member {
  const { name, expects, policy } = unit;
  return {
    unit: name,
    machineId,
    machine: machine?.name ?? shortId(machineId),
    hash,
    wanted: unit.hash,
    placed: true,
    here: machine !== undefined,
    ...(status?.hash === hash && { status }),
    expects,
    deadline: policy.deadline,
  };
}

export function isOutdated({ hash, wanted }: Member): boolean {
  return hash !== wanted;
}

/** Whether it does its work now. A machine that is not there says nothing. */
export function isReadyMember({ here, status, expects }: Member): boolean {
  return here && status !== undefined && isReady(status, expects);
}
