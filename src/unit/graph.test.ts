import { expect, test } from '@jest/globals';
import { components } from './graph.ts';

test('a node comes after those it points to', () => {
  expect(components([[1, 2], [2], [], [0]])).toEqual([[2], [1], [0], [3]]);
});

test('nodes that reach each other are one component', () => {
  const found = components([[1], [2], [0], [1, 4], [4]]);
  expect(found.map((nodes) => [...nodes].sort())).toEqual([[0, 1, 2], [4], [3]]);
});

test('a long chain does not overflow the stack', () => {
  const length = 200_000;
  const chain = Array.from({ length }, (_, node) => (node + 1 < length ? [node + 1] : []));
  expect(components(chain)).toHaveLength(length);
});
