import { expect, test } from '@jest/globals';
import { samplePlacement } from '../../scheduler/sample.ts';
import type { Decision } from '../../scheduler/snapshot.ts';
import { parseRemovals, placementKey, removalsKey } from '../../store/keys.ts';
import { batchLimits, checkSize } from '../../store/transaction.ts';
import { transactionsOf } from './transactions.ts';

const unit = (number: number) => `${'u'.repeat(100)}${number}.service`;
const removals = (count: number, reason: (number: number) => string) =>
  Array.from({ length: count }, (_, at): Decision => {
    return { type: 'remove', unit: unit(at), machineId: 'm', reason: reason(at) };
  });

test('what fits is one transaction: why, what, and what else is to be written', () => {
  const placement = samplePlacement('a.service', 1);
  const decisions: Decision[] = [
    { type: 'remove', unit: 'a.service', machineId: 'm', reason: 'drained' },
    { type: 'place', placement },
  ];
  expect(transactionsOf(decisions, [{ delete: '/k' }])).toEqual([
    [
      { put: removalsKey, value: '{"drained":[["m","a.service"]]}' },
      { delete: placementKey('m', 'a.service') },
      { put: placementKey(placement.machineId, 'a.service'), value: expect.any(String) },
      { delete: '/k' },
    ],
  ]);
  expect(transactionsOf([], [])).toEqual([]);
});

test.each([
  ['a short reason', 9000, () => 'unit was destroyed'],
  ['a long one each', 2000, (number: number) => `${number} ${'reason '.repeat(200)}`],
])('each removal is in one transaction with its reason: %s', (_, count, reason) => {
  const transactions = transactionsOf(removals(count, reason), [{ delete: '/last' }]);
  expect(transactions.length).toBeGreaterThan(1);
  const told = transactions.map((success) => {
    checkSize({ compare: [], success });
    const [note, ...rest] = success;
    const parsed = note && 'put' in note ? parseRemovals(note.put, note.value) : undefined;
    const pairs = parsed && 'value' in parsed ? Object.values(parsed.value).flat() : [];
    const deleted = rest.flatMap((operation) => ('delete' in operation ? operation.delete : []));
    expect(deleted.filter((key) => key !== '/last')).toEqual(
      pairs.map(([id, name]) => placementKey(id, name)),
    );
    expect(success.length).toBeLessThanOrEqual(batchLimits.operations + 2);
    return pairs.length;
  });
  expect(told.reduce((a, b) => a + b)).toBe(count);
  expect(transactions.at(-1)?.at(-1)).toEqual({ delete: '/last' });
});
