import { pairOf } from '../../model/placement.ts';
import type { UnitStatus } from '../../model/status.ts';
import type { Stay } from '../../scheduler/snapshot.ts';
import type { Look } from './draft.ts';

/** Seconds. */
const failureSeconds = {
  /** From a unit's first failure until it leaves the machine; doubled with each failure after that. */
  firstPause: 30,
  longestPause: 600,
  /** A unit that was active for so long has a clean record again. */
  pardon: 600,
} as const;

/** What became of one unit since it ran well for the last time. */
interface FailureRecord {
  /** The version that failed: a new one starts with a clean record. */
  readonly hash: string;
  readonly failures: number;
  /** Machines on which it failed, as far as they are not to be tried again. */
  readonly machines: ReadonlySet<string>;
  /** Where it is failed now, and since when. */
  readonly failed?: { readonly machineId: string; readonly since: number };
  readonly activeSince?: number;
}

export interface FailedUnitsLook {
  /**
   * Units whose pause is over, and the machines where they failed; but for one that says nothing of the unit now. It
   * may have been away, and who knows whether the unit runs there again.
   */
  readonly avoid: ReadonlyMap<string, ReadonlySet<string>>;
  /** When the next pause will be over, on the engine's clock; Infinity for none. */
  readonly until: number;
}

/**
 * Units that systemd has given up on get another machine. All of this is in the leader's memory only: a new leader
 * starts with clean records, which costs a failed unit one pause.
 */
export class FailedUnits {
  #records: ReadonlyMap<string, FailureRecord> = new Map();

  look(look: Look): FailedUnitsLook {
    const failing = movableFailures(look);
    this.#records = updated(this.#records, look, failing);
    const dues = [...this.#records].flatMap(([unit, record]): [string, FailureRecord, number][] =>
      record.failed === undefined ? [] : [[unit, record, dueAt(record.failures, record.failed.since)]],
    );
    const over = dues.filter(([, , due]) => due <= look.now);
    const coming = dues.flatMap(([, , due]) => (due > look.now ? due : []));
    return {
      avoid: new Map(over.map(([unit, record]) => [unit, avoided(record, failing.get(unit))])),
      until: Math.min(Number.POSITIVE_INFINITY, ...coming),
    };
  }

  /**
   * A unit that has to stay where it failed was on every machine that takes it: the next round may begin, with all
   * but the present machine. Answers whether that changes anything.
   */
  stayed(staying: readonly Stay[]): boolean {
    const units = new Set(staying.map(({ unit }) => unit));
    let changed = false;
    const records = [...this.#records].map(([unit, record]): [string, FailureRecord] => {
      const { failed, machines } = record;
      if (!units.has(unit) || failed === undefined || machines.size < 2) return [unit, record];
      changed = true;
      return [unit, { ...record, machines: new Set([failed.machineId]) }];
    });
    this.#records = new Map(records);
    return changed;
  }
}

function avoided({ machines, failed }: FailureRecord, status: UnitStatus | undefined): ReadonlySet<string> {
  if (status !== undefined) return machines;
  return new Set([...machines].filter((id) => id !== failed?.machineId));
}

function dueAt(failures: number, since: number): number {
  const { firstPause, longestPause } = failureSeconds;
  return since + Math.min(firstPause * 2 ** (failures - 1), longestPause) * 1000;
}

/** Failed units that may get another machine, by name. */
function movableFailures({ cluster, snapshot }: Look): Map<string, UnitStatus> {
  const failed = cluster.statuses.filter(({ active }) => active === 'failed');
  if (failed.length === 0) return new Map();
  const placements = new Map(snapshot.placements.map((placement) => [pairOf(placement), placement]));
  const units = new Map(snapshot.units.map((unit) => [unit.name, unit]));
  const movable = failed.filter((status) => {
    const unit = units.get(status.unit);
    const placement = placements.get(pairOf(status));
    if (unit === undefined || unit.once || unit.requirements.global) return false;
    return placement?.targetState === 'launched' && placement.hash === status.hash;
  });
  return new Map(movable.map((status) => [status.unit, status]));
}

/** The records as of this look: new failures are noted; what ran well for long, changed or went away is forgotten. */
function updated(
  records: ReadonlyMap<string, FailureRecord>,
  { cluster, now }: Look,
  failing: ReadonlyMap<string, UnitStatus>,
): Map<string, FailureRecord> {
  const names = new Set([...records.keys(), ...failing.keys()]);
  if (names.size === 0) return new Map();
  const wanted = new Set(cluster.units.map(({ name }) => name));
  const placed = new Map(cluster.placements.map(({ unit, hash }) => [unit, hash]));
  const reported = new Set(cluster.statuses.map(({ unit }) => unit));
  const active = new Set(cluster.statuses.flatMap(({ unit, active }) => (active === 'active' ? unit : [])));
  const result = new Map<string, FailureRecord>();
  for (const name of names) {
    const known = records.get(name);
    // A unit may have no machine for a while; that is no new version.
    const same = known !== undefined && wanted.has(name) && (placed.get(name) ?? known.hash) === known.hash;
    const before = same ? known : undefined;
    const status = failing.get(name);
    const record = status ? failedAgain(before, status, now) : notFailed(before, active.has(name), now);
    // While nobody says anything of it, it is as it was: its machine may be away for a moment.
    const next = reported.has(name) ? record : before;
    if (next !== undefined) result.set(name, next);
  }
  return result;
}

function failedAgain(
  before: FailureRecord | undefined,
  { machineId, hash }: UnitStatus,
  now: number,
): FailureRecord {
  if (before?.failed?.machineId === machineId) return before;
  return {
    hash,
    failures: (before?.failures ?? 0) + 1,
    machines: new Set([...(before?.machines ?? []), machineId]),
    failed: { machineId, since: now },
  };
}

/** On its way to another machine, starting, or running. */
function notFailed(
  before: FailureRecord | undefined,
  active: boolean,
  now: number,
): FailureRecord | undefined {
  if (before === undefined) return undefined;
  const { failed: _, activeSince, ...record } = before;
  if (!active) return record;
  const since = activeSince ?? now;
  return now - since < failureSeconds.pardon * 1000 ? { ...record, activeSince: since } : undefined;
}
