import * as z from 'zod';
import type { Machine } from '../../src/model/machine.ts';
import { Board } from '../../src/scheduler/board.ts';
import type { Marks } from '../../src/scheduler/marks.ts';
import { relate } from '../../src/scheduler/relations.ts';
import type { WantedUnit } from '../../src/scheduler/snapshot.ts';
import { readTargetState } from '../../src/unit/check-manifest.ts';
import { fleetHashOf } from '../../src/unit/hash.ts';
import { readNeeds } from '../../src/unit/needs.ts';
import type { UnitOption } from '../../src/unit/parse.ts';
import { option } from './unit-kinds.ts';

export const vectorMachine = z.object({ id: z.string(), metadata: z.record(z.string(), z.string()) });
export const vectorUnit = z.object({ options: z.array(option), target_state: z.string() });
export const vectorCluster = z.object({
  machines: z.array(vectorMachine),
  units: z.record(z.string(), vectorUnit.extend({ machine: z.string() })),
  global_units: z.record(z.string(), vectorUnit),
});

/** fleet broke ties by id and we do by name, so in a vector each machine is called by its id. */
export function toMachine({ id, metadata }: z.infer<typeof vectorMachine>): Machine {
  const capacity = { cpus: 1, memory: 1024 };
  return { id, name: id, metadata, capacity, address: '192.0.2.1', version: '0', bootId: '' };
}

/** A vector may leave the target state empty where it plays no part. */
export function toUnit(name: string, options: readonly UnitOption[], state: string): WantedUnit {
  const targetState = readTargetState(state) ?? 'launched';
  return { name, targetState, hash: fleetHashOf(options), ...readNeeds(name, options) };
}

/** fleet knew neither cordons nor failures. */
const noMarks: Marks = {
  closed: new Set(),
  draining: new Set(),
  avoided: new Map(),
  unready: new Set(),
  settling: new Set(),
  untouchable: new Set(),
};

/** A board with nothing on it, and the numbers of the units by name. */
export function boardOf(machines: readonly Machine[], units: readonly WantedUnit[]): Board {
  const byName = [...new Map(units.map((unit) => [unit.name, unit])).values()];
  const relations = relate(byName.sort((a, b) => (a.name < b.name ? -1 : 1)));
  return new Board(
    [...machines].sort((a, b) => (a.name < b.name ? -1 : 1)),
    relations,
    noMarks,
  );
}

export function numberOf(board: Board, unit: string): number {
  const number = board.relations.numberOf.get(unit);
  if (number === undefined) throw new Error(`vector speaks of unit ${unit} without giving it`);
  return number;
}
