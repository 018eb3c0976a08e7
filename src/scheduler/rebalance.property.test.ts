import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anySnapshot, settled } from '../../test/arbitrary/snapshot.ts';
import { rebalance } from './rebalance.ts';
import { applied } from './sample.ts';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

const runs = { numRuns: 400 };
const carriedOut = (snapshot: Snapshot, moves: number) =>
  applied(snapshot, { decisions: rebalance(snapshot, moves) });

/** Fullest less emptiest machine. */
function distance({ machines, units, placements }: Snapshot): number {
  const weights = new Map(units.map(({ name, flotilla }) => [name, flotilla.weight]));
  const loads = machines.map(({ id }) =>
    placements
      .filter(({ machineId }) => machineId === id)
      .reduce((sum, { unit }) => sum + (weights.get(unit) ?? 0), 0),
  );
  return Math.max(...loads, 0) - Math.min(...loads, Number.POSITIVE_INFINITY);
}

const moves = fc.integer({ min: 0, max: 6 });

test('moves as many units as allowed at most, each from a machine to another, with a reason', () => {
  fc.assert(
    fc.property(anySnapshot, moves, (snapshot, most) => {
      const decisions = rebalance(settled(snapshot), most);
      const removed = decisions.flatMap((it) => (it.type === 'remove' ? it.unit : []));
      const placed = decisions.flatMap((it) => (it.type === 'place' ? it.placement.unit : []));
      expect(placed).toEqual(removed);
      expect(new Set(removed).size).toBe(removed.length);
      expect(removed.length).toBeLessThanOrEqual(most);
      for (const it of decisions) {
        const reason = it.type === 'remove' ? it.reason : it.placement.reason;
        expect(reason).toMatch(/^more even load: core-\d has \S/);
      }
    }),
    runs,
  );
});

test('the distance between the fullest and the emptiest machine never grows', () => {
  fc.assert(
    fc.property(anySnapshot, moves, (snapshot, most) => {
      const before = settled(snapshot);
      expect(distance(carriedOut(before, most))).toBeLessThanOrEqual(distance(before));
    }),
    runs,
  );
});

test('the scheduler leaves everything where the rebalance has put it', () => {
  fc.assert(
    fc.property(anySnapshot, moves, (snapshot, most) => {
      const before = settled(snapshot);
      // A unit that waited for the room may come now, and push away another that it replaces; or leave now, at last.
      const { pending, staying } = schedule(before);
      fc.pre(pending.length + staying.length === 0);
      const { decisions } = schedule(carriedOut(before, most));
      const gone = decisions.filter((it) => it.type === 'remove');
      expect(gone).toEqual([]);
    }),
    runs,
  );
});

test('it comes to an end: asked often enough, it has nothing to do', () => {
  fc.assert(
    fc.property(anySnapshot, (snapshot) => {
      let now = settled(snapshot);
      for (let step = 0; step < 40 && rebalance(now, 2).length > 0; step += 1) now = carriedOut(now, 2);
      expect(rebalance(now, 2)).toEqual([]);
    }),
    runs,
  );
});
