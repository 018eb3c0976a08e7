import { compare } from '../model/compare.ts';
import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { Reason } from '../model/reason.ts';
import { type Arrangement, type Present, pairKey } from './arrange.ts';
import { shortId } from './match.ts';
import type { Relations } from './relations.ts';
import type { Decision, Snapshot, Stay, WantedUnit } from './snapshot.ts';

/** The placements as they are, held against what they should be. */
export class Before {
  readonly present: readonly Present[];
  readonly #placements: readonly Placement[];
  readonly #byPair = new Map<string, Placement>();
  readonly #wanted: ReadonlySet<string>;
  readonly #machines: readonly Machine[];
  readonly #machineNumber: ReadonlyMap<string, number>;
  readonly #relations: Relations;

  constructor(snapshot: Snapshot, machines: readonly Machine[], relations: Relations) {
    this.#wanted = new Set(snapshot.units.map(({ name }) => name));
    this.#machines = machines;
    this.#machineNumber = new Map(machines.map(({ id }, number) => [id, number]));
    this.#relations = relations;
    this.#placements = [...snapshot.placements].sort(
      (a, b) => compare(a.unit, b.unit) || this.#rank(a) - this.#rank(b) || compare(a.machineId, b.machineId),
    );
    const byUnit: Placement[][] = relations.units.map(() => []);
    for (const placement of this.#placements) {
      const pair = this.#pair(placement);
      if (pair !== undefined) this.#byPair.set(pair, placement);
      byUnit[relations.numberOf.get(placement.unit) ?? -1]?.push(placement);
    }
    this.present = relations.units.map((unit, number) => this.#presentOf(unit, byUnit[number] ?? []));
  }

  /** Removals of what is placed and should not be. */
  removals({ board, left }: Arrangement): Decision[] {
    return this.#placements.flatMap((placement): Decision[] => {
      const { unit, machineId } = placement;
      const number = this.#relations.numberOf.get(unit);
      const machine = this.#machineNumber.get(machineId);
      if (number !== undefined && machine !== undefined && board.has(number, machine)) return [];
      return [{ type: 'remove', unit, machineId, reason: this.#whyRemoved(placement, left) }];
    });
  }

  /** Placements that are new, and those whose file or target state changed. */
  placements({ board, placed }: Arrangement): Decision[] {
    return this.#relations.units.flatMap((unit, number) =>
      [...board.machinesOf(number)]
        .sort((a, b) => a - b)
        .flatMap((machine): Decision[] => {
          const pair = pairKey(number, machine);
          const reason = whyPlaced(unit, this.#byPair.get(pair), placed.get(pair));
          const machineId = this.#machines[machine]?.id;
          if (reason === undefined || machineId === undefined) return [];
          const { name, hash, targetState } = unit;
          return [{ type: 'place', placement: { unit: name, machineId, hash, targetState, reason } }];
        }),
    );
  }

  /** Units that should leave their machine and are still there. */
  staying({ staying }: Arrangement): Stay[] {
    if (staying.size === 0) return [];
    return this.#placements.flatMap((placement): Stay[] => {
      const stay = staying.get(this.#pair(placement) ?? '');
      return stay === undefined ? [] : [{ unit: placement.unit, machineId: placement.machineId, ...stay }];
    });
  }

  /** The placement of a unit on a machine (numbers), if there is one. */
  placementOf(unit: number, machine: number): Placement | undefined {
    return this.#byPair.get(pairKey(unit, machine));
  }

  #presentOf(unit: WantedUnit, placements: readonly Placement[]): Present {
    const machines = placements.flatMap(({ machineId }) => this.#machineNumber.get(machineId) ?? []);
    const changed = placements.some(
      ({ hash, targetState }) => hash !== unit.hash || targetState !== unit.targetState,
    );
    const gone = placements.find(({ machineId }) => !this.#machineNumber.has(machineId));
    return { machines, changed, ...(gone !== undefined && { lost: goneReason(gone) }) };
  }

  #whyRemoved(placement: Placement, left: Arrangement['left']): Reason {
    const { unit, machineId } = placement;
    if (!this.#wanted.has(unit)) return 'unit was destroyed';
    if (!this.#relations.numberOf.has(unit)) return 'target state is inactive';
    if (!this.#machineNumber.has(machineId)) return goneReason(placement);
    return left.get(this.#pair(placement) ?? '') ?? 'no longer allowed here';
  }

  #rank({ machineId }: Placement): number {
    return this.#machineNumber.get(machineId) ?? Number.MAX_SAFE_INTEGER;
  }

  #pair({ unit, machineId }: Placement): string | undefined {
    const number = this.#relations.numberOf.get(unit);
    const machine = this.#machineNumber.get(machineId);
    return number === undefined || machine === undefined ? undefined : pairKey(number, machine);
  }
}

function goneReason({ machineId }: Placement): Reason {
  return `machine ${shortId(machineId)} is gone`;
}

function whyPlaced(
  unit: WantedUnit,
  old: Placement | undefined,
  placed: Reason | undefined,
): Reason | undefined {
  if (old === undefined) return placed;
  if (old.hash !== unit.hash) return 'unit file changed';
  if (old.targetState === unit.targetState) return undefined;
  return `target state changed from ${old.targetState} to ${unit.targetState}`;
}
