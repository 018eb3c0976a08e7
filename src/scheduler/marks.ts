import type { Machine } from '../model/machine.ts';
import type { Relations } from './relations.ts';
import type { Snapshot } from './snapshot.ts';

/** What the operator and earlier failures say of machines and units, by number. */
export interface Marks {
  /** Machines that take nothing new: cordoned or draining. */
  readonly closed: ReadonlySet<number>;
  readonly draining: ReadonlySet<number>;
  /** By unit: the machines where it failed. */
  readonly avoided: ReadonlyMap<number, ReadonlySet<number>>;
  readonly unready: ReadonlySet<number>;
  readonly settling: ReadonlySet<number>;
  /** Units that stay where they are, whatever else is decided. */
  readonly untouchable: ReadonlySet<number>;
}

/** The marks of a snapshot. Machines and units that are not in it have none. */
export function marksOf(snapshot: Snapshot, machines: readonly Machine[], { numberOf }: Relations): Marks {
  const machineNumber = new Map(machines.map(({ id }, number) => [id, number]));
  const machineNumbers = (ids: Iterable<string> = []) =>
    [...ids].flatMap((id) => machineNumber.get(id) ?? []);
  const unitNumbers = (names: Iterable<string> = []) =>
    new Set([...names].flatMap((name) => numberOf.get(name) ?? []));
  const draining = machineNumbers(snapshot.draining);
  const avoided = [...(snapshot.avoid ?? [])].flatMap(([name, ids]): [number, ReadonlySet<number>][] => {
    const unit = numberOf.get(name);
    return unit === undefined ? [] : [[unit, new Set(machineNumbers(ids))]];
  });
  return {
    closed: new Set([...machineNumbers(snapshot.cordoned), ...draining]),
    draining: new Set(draining),
    avoided: new Map(avoided),
    unready: unitNumbers(snapshot.unready),
    settling: unitNumbers(snapshot.settling),
    untouchable: unitNumbers(snapshot.untouchable),
  };
}
