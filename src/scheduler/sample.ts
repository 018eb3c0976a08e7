import type { Machine } from '../model/machine.ts';
import { type Placement, pairOf } from '../model/placement.ts';
import type { TargetState } from '../model/unit.ts';
import { readNeeds } from '../unit/needs.ts';
import { parseUnit } from '../unit/parse.ts';
import type { Schedule, Snapshot, WantedUnit } from './snapshot.ts';

/** Machine `core-<number>` with an id that starts with the number, for tests. */
export function sampleMachine(number: number, metadata: Readonly<Record<string, string>> = {}): Machine {
  const id = String(number).padStart(8, '0').padEnd(32, 'f');
  const capacity = { cpus: 1, memory: 1024 };
  return {
    id,
    name: `core-${number}`,
    metadata,
    capacity,
    address: `192.0.2.${number}`,
    version: '1',
    bootId: id,
  };
}

/** A wanted unit whose `[X-Fleet]` section holds the given lines, which may open other sections; for tests. */
export function sampleUnit(
  name: string,
  lines = '',
  hash = 'v1',
  targetState: TargetState = 'launched',
): WantedUnit {
  const { options } = parseUnit(`[X-Fleet]\n${lines}\n`);
  return { name, hash, targetState, ...readNeeds(name, options) };
}

/** The snapshot after the decisions were carried out: removals first, then placements over older ones. */
export function applied(snapshot: Snapshot, { decisions }: Pick<Schedule, 'decisions'>): Snapshot {
  const placements = new Map(snapshot.placements.map((it) => [pairOf(it), it]));
  for (const decision of decisions) {
    if (decision.type === 'remove') placements.delete(pairOf(decision));
    else placements.set(pairOf(decision.placement), decision.placement);
  }
  return { ...snapshot, placements: [...placements.values()] };
}

/** A placement from before, of the file `v1`. */
export function samplePlacement(unit: string, machine: number, hash = 'v1'): Placement {
  return { unit, machineId: sampleMachine(machine).id, hash, targetState: 'launched', reason: 'before' };
}
