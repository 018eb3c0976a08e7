import { compare } from '../model/compare.ts';
import type { Machine } from '../model/machine.ts';
import { type Arrangement, arrange } from './arrange.ts';
import { Before } from './before.ts';
import { marksOf } from './marks.ts';
import { relate } from './relations.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot as it is and as it should be. */
export interface Survey {
  /** By number: sorted by name, then id. */
  readonly machines: readonly Machine[];
  readonly before: Before;
  readonly arrangement: Arrangement;
}

/** What schedule, rebalance and explanation have in common. The order of the snapshot's lists plays no part. */
export function survey(snapshot: Snapshot): Survey {
  const machines = [...snapshot.machines].sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
  const active = snapshot.units.filter(({ targetState }) => targetState !== 'inactive');
  const relations = relate(active.sort((a, b) => compare(a.name, b.name)));
  const before = new Before(snapshot, machines, relations);
  const arrangement = arrange(machines, relations, before.present, marksOf(snapshot, machines, relations));
  return { machines, before, arrangement };
}
