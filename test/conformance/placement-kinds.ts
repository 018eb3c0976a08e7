import * as z from 'zod';
import type { Board } from '../../src/scheduler/board.ts';
import {
  type Blocker,
  blockerOf,
  conflictsOn,
  replacedBlocker,
  replacedOn,
} from '../../src/scheduler/fit.ts';
import type { WantedUnit } from '../../src/scheduler/snapshot.ts';
import { readNeeds } from '../../src/unit/needs.ts';
import type { Requirements } from '../../src/unit/requirements.ts';
import { type Case, vectorCase } from './case.ts';
import { boardOf, numberOf, toMachine, toUnit, vectorMachine, vectorUnit } from './cluster.ts';
import { option } from './unit-kinds.ts';

const existing = z.record(z.string(), vectorUnit);

/** One machine with the units of the vector on it, and the unit in question known but not there. */
function placeAll(
  machine: z.infer<typeof vectorMachine>,
  there: z.infer<typeof existing>,
  unit: WantedUnit,
): Board {
  const units = Object.entries(there).map(([name, { options, target_state }]) =>
    toUnit(name, options, target_state),
  );
  const board = boardOf([toMachine(machine)], [...units, unit]);
  for (const { name } of units) board.add(numberOf(board, name), 0);
  return board;
}

/** fleet's words for our blockers. */
function fleetReason(blocker: Blocker, machine: string): string {
  switch (blocker.kind) {
    case 'machine-id':
      return `agent ID "${machine}" does not match required "${blocker.wanted}"`;
    case 'metadata':
      return 'local Machine metadata insufficient';
    case 'machine-of':
      return `required peer Unit(${blocker.peer}) is not scheduled locally`;
    case 'conflict':
      return conflictReason(blocker.unit);
    case 'replaced':
      return replaceReason(blocker.by);
    default:
      return `${blocker.kind}, which fleet did not have`;
  }
}

function conflictReason(unit: string): string {
  return `found conflict with locally-scheduled Unit([${unit}])`;
}

function replaceReason(unit: string): string {
  return `found replace with locally-scheduled Unit(${unit})`;
}

/** fleet called it "reschedule" whichever of two units replaces the other; who moves we decide by the direction. */
const ableToRun = vectorCase(
  z.object({
    machine: vectorMachine,
    existing,
    job: z.object({ name: z.string(), options: z.array(option) }),
  }),
  z.object({ action: z.string(), reason: z.string().nullable() }),
  ({ machine, existing, job }, { action, reason }) => {
    const board = placeAll(machine, existing, toUnit(job.name, job.options, ''));
    const unit = numberOf(board, job.name);
    const blocker = blockerOf(board, unit, 0);
    const [replaced] = replacedOn(board, unit, 0);
    const came = outcome(
      blocker,
      machine.id,
      replaced === undefined ? undefined : board.relations.units[replaced]?.name,
    );
    const got = { action: came.action, reason: reason === null ? null : came.reason };
    const itself = blocker?.kind === 'conflict' && reason === conflictReason(job.name);
    const rule = itself ? 'names-itself' : circleRule(board, action !== came.action);
    return { expected: { action, reason }, got, rule };
  },
);

function outcome(blocker: Blocker | undefined, machine: string, replaced: string | undefined) {
  if (blocker !== undefined) {
    const action = blocker.kind === 'replaced' ? 'job_action_reschedule' : 'job_action_unschedule';
    return { action, reason: fleetReason(blocker, machine) };
  }
  if (replaced === undefined) return { action: 'job_action_schedule', reason: '' };
  return { action: 'job_action_reschedule', reason: replaceReason(replaced) };
}

/** More than two units that replace one another in a circle. */
function circleRule(board: Board, differs: boolean): string | undefined {
  const replacing = board.relations.units.filter(({ requirements }) => requirements.replaces.length > 0);
  return differs && replacing.length > 2 ? 'replace-circle' : undefined;
}

const nowhere = { id: 'm', metadata: {} };

function bare(name: string, some: Partial<Requirements>): WantedUnit {
  const requirements = { machineOf: [], metadata: {}, conflicts: [], global: false, replaces: [], ...some };
  return { name, hash: '', targetState: 'launched', ...readNeeds(name, []), requirements };
}

export const placementKinds: Readonly<Record<string, Case>> = {
  'able-to-run': ableToRun,
  'has-conflict': vectorCase(
    z.object({ name: z.string(), conflicts: z.array(z.string()), existing }),
    z.unknown(),
    ({ name, conflicts, existing }, expected) => {
      const board = placeAll(nowhere, existing, bare(name, { conflicts }));
      return { expected, got: { conflict: conflictsOn(board, numberOf(board, name), 0) } };
    },
  ),
  'has-replace': vectorCase(
    z.object({ name: z.string(), replaces: z.array(z.string()), existing }),
    z.looseObject({ replace: z.boolean(), replaced: z.string().optional() }),
    ({ name, replaces, existing }, { replace, replaced }) => {
      const board = placeAll(nowhere, existing, bare(name, { replaces }));
      const unit = numberOf(board, name);
      const [other] = replacedOn(board, unit, 0).map((number) => board.relations.units[number]?.name);
      const by = replacedBlocker(board, unit, 0)?.by ?? other;
      const got = { replace: by !== undefined, replaced: replaced === undefined ? undefined : (by ?? '') };
      return { expected: { replace, replaced }, got, rule: circleRule(board, replace !== got.replace) };
    },
  ),
};
