import type { Machine } from '../model/machine.ts';
import type { Relations } from './relations.ts';
import type { WantedUnit } from './snapshot.ts';

/** What a unit costs its machine. One each, as fleet counted; weights by need and capacity come in here. */
export function weightOf(_unit: WantedUnit): number {
  return 1;
}

/** Per machine, how many units of some kind are there. Two bytes each: there can be thousands of these lists. */
type Counts = Uint16Array;

/**
 * Which units are on which machines while a schedule is worked out. Checks nothing: `fit.ts` says what may be
 * added. Counts are kept per machine so that one check costs the unit's own globs and not all units there.
 */
export class Board {
  /** Sorted by name, then id: their numbers break ties. */
  readonly machines: readonly Machine[];
  readonly relations: Relations;
  /** Sum of the weights of the units there. */
  readonly load: Float64Array;
  readonly #units: readonly Set<number>[];
  readonly #machinesOf: readonly Set<number>[];
  readonly #instances = new Map<string, Counts>();
  readonly #matched = new Map<number, Counts>();
  readonly #named = new Map<number, Counts>();

  constructor(machines: readonly Machine[], relations: Relations) {
    this.machines = machines;
    this.relations = relations;
    this.load = new Float64Array(machines.length);
    this.#units = machines.map(() => new Set());
    this.#machinesOf = relations.units.map(() => new Set());
  }

  has(unit: number, machine: number): boolean {
    return this.#units[machine]?.has(unit) ?? false;
  }

  unitsOn(machine: number): ReadonlySet<number> {
    return this.#units[machine] ?? nobody;
  }

  machinesOf(unit: number): ReadonlySet<number> {
    return this.#machinesOf[unit] ?? nobody;
  }

  /** How many instances of a template are on each machine; undefined while no machine has any. */
  instances(template: string): Counts | undefined {
    return this.#instances.get(template);
  }

  /** How many units on the machine a `Conflicts=` glob matches. */
  matchedBy(glob: number, machine: number): number {
    return this.#matched.get(glob)?.[machine] ?? 0;
  }

  /** How many units on the machine name a `Conflicts=` glob. */
  naming(glob: number, machine: number): number {
    return this.#named.get(glob)?.[machine] ?? 0;
  }

  add(unit: number, machine: number): void {
    if (this.has(unit, machine)) return;
    this.#units[machine]?.add(unit);
    this.#machinesOf[unit]?.add(machine);
    this.#count(unit, machine, 1);
  }

  remove(unit: number, machine: number): void {
    if (!this.has(unit, machine)) return;
    this.#units[machine]?.delete(unit);
    this.#machinesOf[unit]?.delete(machine);
    this.#count(unit, machine, -1);
  }

  #count(unit: number, machine: number, by: 1 | -1): void {
    const { units, template, conflicts } = this.relations;
    const wanted = units[unit];
    if (wanted !== undefined) bump(this.load, machine, by * weightOf(wanted));
    const family = template[unit];
    if (family !== undefined) bump(this.#counts(this.#instances, family), machine, by);
    for (const glob of conflicts.named[unit] ?? []) bump(this.#counts(this.#named, glob), machine, by);
    for (const glob of conflicts.matching[unit] ?? []) bump(this.#counts(this.#matched, glob), machine, by);
  }

  #counts<K>(map: Map<K, Counts>, key: K): Counts {
    const counts = map.get(key) ?? new Uint16Array(this.machines.length);
    map.set(key, counts);
    return counts;
  }
}

const nobody: ReadonlySet<number> = new Set();

function bump(counts: Counts | Float64Array, machine: number, by: number): void {
  counts[machine] = (counts[machine] ?? 0) + by;
}
