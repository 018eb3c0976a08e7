import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anySnapshot } from '../../test/arbitrary/snapshot.ts';
import type { Board } from './board.ts';
import { arrivalBlocker, isFree, machineBlocker, peerBlocker } from './fit.ts';
import { survey } from './survey.ts';

/** Pairs of which the quick answer and the one with words differ. */
function differing(board: Board): string[] {
  const asked = [...board.relations.units.keys()].flatMap((unit) =>
    [...board.machines.keys()]
      .filter((machine) => !machineBlocker(board, unit, machine) && !peerBlocker(board, unit, machine))
      .map((machine) => [unit, machine] as const),
  );
  return asked.flatMap(([unit, machine]) => {
    const blocker = arrivalBlocker(board, unit, machine);
    return isFree(board, unit, machine) === (blocker === undefined)
      ? []
      : `${unit}/${machine} ${blocker?.kind}`;
  });
}

test('the quick answer is the one with words', () => {
  fc.assert(
    fc.property(anySnapshot, fc.array(fc.nat(9), { maxLength: 3 }), (snapshot, numbers) => {
      const untouchable = new Set(numbers.flatMap((number) => snapshot.units[number]?.name ?? []));
      expect(differing(survey({ ...snapshot, untouchable }).arrangement.board)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
