import type { UnitView } from '../model/api.ts';
import type { Placement } from '../model/placement.ts';
import {
  type Crashes,
  crashLimit,
  type Expectation,
  failureResult,
  hasFailed,
  isReady,
  isSpeaking,
  isUnusable,
  observeCrash,
} from '../model/readiness.ts';
import type { Reason } from '../model/reason.ts';
import type { UnitStatus } from '../model/status.ts';
import type { Unit } from '../model/unit.ts';
import { shortHash } from './diff.ts';

/** A unit that shall become healthy. */
export interface WantedUnit extends Unit, Expectation {
  /** `RolloutDeadline=`, in seconds. */
  readonly rolloutDeadline: number;
  /** The same, where its file says it; 0 where it does not. */
  readonly announced: number;
  /** Whether it may have a rollout: a template's instance or a global unit. */
  readonly rolls: boolean;
}

export interface Wanted {
  readonly units: readonly WantedUnit[];
  /** Names of units that were destroyed. */
  readonly gone: readonly string[];
}

export interface UnitFailure {
  readonly unit: string;
  /** Name of the machine. */
  readonly machine: string;
  /** systemd's `Result=`, or our word for a crash loop. */
  readonly result: string;
  /** The last journal lines, oldest first; at most ten. */
  readonly journal: readonly string[];
}

export interface Waiting {
  readonly unit: string;
  readonly why: Reason;
  /** Somebody else has wanted something else of the unit since: time does not bring it back. */
  readonly overtaken?: boolean;
}

export interface Evaluation {
  /** Every unit is as it was wanted, on every machine that has it. */
  readonly done: boolean;
  readonly failed: readonly UnitFailure[];
  readonly waiting: readonly Waiting[];
}

type Verdict =
  | { readonly waiting: Reason; readonly overtaken?: boolean }
  | { readonly failed: UnitStatus }
  | 'healthy';

const journalLines = 10;

/** Compares what the cluster shows with what was wanted. `machineName` turns ids into names for the messages. */
export function evaluate(
  views: readonly UnitView[],
  wanted: Wanted,
  machineName: (id: string) => string,
): Evaluation {
  const byName = new Map(views.map((view) => [view.name, view]));
  const failed: UnitFailure[] = [];
  const waiting: Waiting[] = [];
  for (const unit of wanted.units) {
    for (const verdict of verdicts(unit, byName.get(unit.name), machineName)) {
      if (verdict === 'healthy') continue;
      if ('failed' in verdict) failed.push(failureOf(verdict.failed, machineName));
      else
        waiting.push({
          unit: unit.name,
          why: verdict.waiting,
          ...(verdict.overtaken && { overtaken: true }),
        });
    }
  }
  for (const unit of wanted.gone) {
    if (byName.has(unit)) waiting.push({ unit, why: 'it is still in the cluster' });
  }
  return { done: failed.length === 0 && waiting.length === 0, failed, waiting };
}

function verdicts(
  unit: WantedUnit,
  view: UnitView | undefined,
  machineName: (id: string) => string,
): readonly Verdict[] {
  if (!view) return [overtaken('the cluster does not have it')];
  if (view.hash !== unit.hash)
    return [overtaken(`the cluster has version ${shortHash(view.hash)}, not ${shortHash(unit.hash)}`)];
  if (view.targetState !== unit.targetState)
    return [overtaken(`its target state is ${view.targetState}, not ${unit.targetState}`)];
  if (unit.targetState === 'inactive') {
    return view.states.map(({ machineId }) => ({ waiting: `it is still on ${machineName(machineId)}` }));
  }
  if (view.pending !== undefined) return [{ waiting: `pending, ${view.pending}` }];
  if (view.placements.length === 0) return [{ waiting: 'no machine was chosen yet' }];
  return view.placements.map((placement) => placed(unit, view, placement, machineName(placement.machineId)));
}

function overtaken(waiting: Reason): Verdict {
  return { waiting, overtaken: true };
}

function placed(unit: WantedUnit, view: UnitView, placement: Placement, machine: string): Verdict {
  const state = view.states.find((each) => each.machineId === placement.machineId);
  if (placement.hash !== unit.hash) return { waiting: `${machine} keeps the version before until its turn` };
  if (!state) return { waiting: `${machine} has not reported it` };
  if (state.hash !== unit.hash) return { waiting: `${machine} does not have this version's file yet` };
  if (isUnusable(state)) return { failed: state };
  if (unit.targetState === 'loaded') return 'healthy';
  if (isSpeaking(state))
    return { waiting: `failed on ${machine} (${failureResult(state)}); reading what it said last` };
  if (hasFailed(state)) return { failed: state };
  if (isReady(state, unit)) return 'healthy';
  if (state.active === 'active' && state.ready?.ok === false) {
    return { waiting: `not ready on ${machine}: ${state.ready.detail}` };
  }
  if (state.waiting !== undefined) return { waiting: `${state.waiting} (on ${machine})` };
  return { waiting: `${state.active} (${state.sub}) on ${machine}` };
}

function failureOf(state: UnitStatus, machineName: (id: string) => string): UnitFailure {
  return {
    unit: state.unit,
    machine: machineName(state.machineId),
    result: failureResult(state),
    journal: (state.failure?.journal ?? []).slice(-journalLines),
  };
}

/** What was seen of restarts so far, by machine id and unit. */
export type CrashHistory = ReadonlyMap<string, Crashes>;

/**
 * Short stays out of `auto-restart` fall between two observations, so a unit that was found in it this often is
 * taken for crashing even when it never was seen to leave it. At one observation a second this is more than
 * a usual `RestartSec=`.
 */
const observationLimit = 30;

/** The history with one more observation in it. */
export function observeCrashes(history: CrashHistory, views: readonly UnitView[]): CrashHistory {
  return new Map(
    views
      .flatMap((view) => view.states)
      .map((state) => {
        const key = crashKey(state);
        return [key, observeCrash(history.get(key), state)] as const;
      }),
  );
}

/** Units that systemd restarts again and again; systemd alone would go on with that for ever. */
export function crashLoops(
  history: CrashHistory,
  views: readonly UnitView[],
  wanted: Wanted,
  machineName: (id: string) => string,
): readonly UnitFailure[] {
  const names = new Set(wanted.units.map((unit) => unit.name));
  return views
    .filter((view) => names.has(view.name))
    .flatMap((view) => view.states)
    .filter((state) => {
      const crashes = history.get(crashKey(state));
      return crashes && (crashes.count >= crashLimit || crashes.looks >= observationLimit);
    })
    .map((state) => {
      const failure = failureOf(state, machineName);
      return { ...failure, result: `crash loop, ${state.failure?.result ?? state.sub}` };
    });
}

function crashKey(state: UnitStatus): string {
  return `${state.machineId}/${state.unit}`;
}
