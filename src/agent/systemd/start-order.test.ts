import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inWaves, type Order } from './start-order.ts';

function orders(units: Readonly<Record<string, Partial<Order>>>): Map<string, Order> {
  return new Map(Object.entries(units).map(([name, order]) => [name, { after: [], before: [], ...order }]));
}

describe('inWaves', () => {
  test('what nothing orders is queued at once', () => {
    expect(inWaves(orders({ a: {}, b: {}, c: {} }))).toEqual([['a', 'b', 'c']]);
    expect(inWaves(orders({}))).toEqual([]);
  });

  test('a unit comes after what it names, and before what names it', () => {
    expect(
      inWaves(orders({ third: { after: ['second'] }, second: {}, first: { before: ['second'] } })),
    ).toEqual([['first'], ['second'], ['third']]);
  });

  test('units that are not started, and the unit itself, hold nothing up', () => {
    expect(inWaves(orders({ a: { after: ['basic.target', 'a'], before: ['shutdown.target'] } }))).toEqual([
      ['a'],
    ]);
  });

  test('a circle comes last, in one piece', () => {
    expect(inWaves(orders({ a: { after: ['b'] }, b: { after: ['a'] }, c: {} }))).toEqual([['c'], ['a', 'b']]);
  });

  test('every unit comes once, and none before what it is to start after', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    // Only later names in `after`, so that there is no circle.
    const graph = fc.tuple(...names.map((_, at) => fc.subarray(names.slice(at + 1))));
    fc.assert(
      fc.property(graph, (after) => {
        const units = new Map(names.map((name, at) => [name, { after: after[at] ?? [], before: [] }]));
        const queue = inWaves(units).flat();
        expect([...queue].sort()).toEqual(names);
        for (const [name, order] of units)
          for (const one of order.after) expect(queue.indexOf(one)).toBeLessThan(queue.indexOf(name));
      }),
    );
  });
});
