import { expect, test } from '@jest/globals';
import { anyHandler } from '../../handler.ts';
import { network } from './network.ts';

test('a switch is its cluster’s, by the name that it began with', () => {
  const { id } = anyHandler(network);
  expect(id?.({ stack: 'dev', name: 'network' })).toBe('dev');
  expect(id?.({ stack: 'dev/blue', name: 'network' })).toBe('dev/blue');
});
