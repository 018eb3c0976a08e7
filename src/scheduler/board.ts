import type { Machine } from '../model/machine.ts';
import type { Marks } from './marks.ts';
import type { Relations } from './relations.ts';
import { Spreading } from './spread.ts';

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
  readonly marks: Marks;
  /** Sum of the weights (`Weight=`) of the units there. */
  readonly load: Float64Array;
  readonly #units: readonly Set<number>[];
  readonly #machinesOf: readonly Set<number>[];
  readonly #instances = new Map<string, Counts>();
  readonly #matched = new Map<number, Counts>();
  readonly #named = new Map<number, Counts>();
  readonly #limited = new Map<string, Counts>();
  readonly #spreadings = new Map<string, Spreading>();

  constructor(machines: readonly Machine[], relations: Relations, marks: Marks) {
    this.machines = machines;
    this.relations = relations;
    this.marks = marks;
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

  /** How many instances of a template that say `MaxPerMachine=<limit>` are on the machine. */
  limiting(template: string, limit: number, machine: number): number {
    return this.#limited.get(`${template} ${limit}`)?.[machine] ?? 0;
  }

  /** How a unit's template stands over the values of the key that it spreads over; undefined without `Spread=`. */
  spreadingOf(unit: number): Spreading | undefined {
    const family = this.relations.template[unit];
    const key = this.relations.units[unit]?.flotilla.spread;
    return family === undefined || key === undefined ? undefined : this.#spreading(family, key);
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
    const { weight = 1, maxPerMachine } = units[unit]?.flotilla ?? {};
    bump(this.load, machine, by * weight);
    const family = template[unit];
    if (family !== undefined) this.#countInstance(family, maxPerMachine, machine, by);
    for (const glob of conflicts.named[unit] ?? []) bump(this.#counts(this.#named, glob), machine, by);
    for (const glob of conflicts.matching[unit] ?? []) bump(this.#counts(this.#matched, glob), machine, by);
  }

  #countInstance(family: string, limit: number | undefined, machine: number, by: 1 | -1): void {
    bump(this.#counts(this.#instances, family), machine, by);
    if (limit !== undefined) bump(this.#counts(this.#limited, `${family} ${limit}`), machine, by);
    for (const key of this.relations.spreadKeys.get(family) ?? [])
      this.#spreading(family, key).bump(machine, by);
  }

  #spreading(family: string, key: string): Spreading {
    const name = `${family} ${key}`;
    const spreading = this.#spreadings.get(name) ?? new Spreading(this.machines, key);
    this.#spreadings.set(name, spreading);
    return spreading;
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
