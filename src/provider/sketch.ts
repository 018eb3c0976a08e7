import * as z from 'zod';
import type { Placement } from '../model/placement.ts';
import { type TargetState, targetStateSchema } from '../model/unit.ts';
import { diffUnits, type UnitOperation } from '../push/diff.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Decision, WantedUnit } from '../scheduler/snapshot.ts';
import { hashOf } from '../unit/hash.ts';
import { readNeeds } from '../unit/needs.ts';
import { parseUnit } from '../unit/parse.ts';
import type { Properties } from './resource.ts';

/** What the plan alone says of machines and units. */
const planned = z.object({
  machines: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      metadata: z.record(z.string(), z.string()),
      cpus: z.number(),
      memory: z.number(),
    }),
  ),
  units: z.record(z.string(), z.object({ contents: z.string(), targetState: targetStateSchema })),
});

/** Unit → names of the machines that have it. */
type Placements = Record<string, string[]>;

/**
 * Where units will go, before there is a cluster to ask: the same scheduler decides by the plan. Machines go by
 * their names here, since their ids come with their first boot; ties are broken by name there as well.
 */
export function sketchPlacements(
  inputs: Properties,
  old: Readonly<Placements>,
): { placements: Placements; moves: string[] } {
  const { machines, units } = planned.parse(inputs);
  const wanted = Object.entries(units).map(([name, { contents, targetState }]): WantedUnit => {
    return { name, hash: hashOf(contents), targetState, ...readNeeds(name, parseUnit(contents).options) };
  });
  const before = wanted.flatMap((unit) => (old[unit.name] ?? []).map((name) => placementOf(unit, name)));
  const { decisions, pending } = schedule({
    machines: machines.map(({ name, address, metadata, cpus, memory }) => {
      return { id: name, name, address, metadata, capacity: { cpus, memory }, version: '', bootId: '' };
    }),
    units: wanted,
    placements: before,
  });
  return {
    placements: after(before, decisions),
    moves: [
      ...decisions.map(sayDecision),
      ...pending.map(({ unit, reason }) => `${unit} stays pending: ${reason}`),
    ],
  };
}

/** What will be done to units, by what the state says of them instead of the cluster, which may have moved on. */
export function sketchOperations(
  inputs: Properties,
  old: Readonly<Record<string, { readonly contents: string; readonly targetState: TargetState }>>,
): readonly UnitOperation[] {
  const units = Object.entries(planned.parse(inputs).units).map(([name, unit]) => ({ name, ...unit }));
  const views = Object.entries(old).map(([name, { contents, targetState }]) => {
    return { name, hash: hashOf(contents), targetState, placements: [], states: [] };
  });
  return diffUnits({ units, previous: Object.keys(old) }, views, []);
}

function placementOf({ name, hash, targetState }: WantedUnit, machine: string): Placement {
  return { unit: name, machineId: machine, hash, targetState, reason: 'placed before' };
}

function after(before: readonly Placement[], decisions: readonly Decision[]): Placements {
  const placements: Placements = {};
  const gone = new Set(
    decisions.flatMap((each) => (each.type === 'remove' ? `${each.unit}/${each.machineId}` : [])),
  );
  const placed = decisions.flatMap((each) => (each.type === 'place' ? each.placement : []));
  for (const { unit, machineId } of [
    ...before.filter((each) => !gone.has(`${each.unit}/${each.machineId}`)),
    ...placed,
  ])
    placements[unit] = [...new Set([...(placements[unit] ?? []), machineId])].sort();
  return placements;
}

function sayDecision(decision: Decision): string {
  if (decision.type === 'remove') return `${decision.unit} leaves ${decision.machineId}: ${decision.reason}`;
  const { unit, machineId, reason } = decision.placement;
  return `${unit} → ${machineId}: ${reason}`;
}
