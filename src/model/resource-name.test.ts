import { expect, test } from '@jest/globals';
import { clusterInStack, readResourceName, resourceName } from './resource-name.ts';

test('a resource without a cluster belongs to the stack', () => {
  expect(readResourceName('dev', 'core-1')).toEqual({ stack: 'dev', name: 'core-1' });
});

test('a resource of a cluster is found again under its name there, whatever dashes are in it', () => {
  const name = resourceName('blue-core', 'core-1-first-contact');
  expect(name).toBe('blue-core/core-1-first-contact');
  expect(readResourceName('dev', name)).toEqual({
    stack: clusterInStack('dev', 'blue-core'),
    name: 'core-1-first-contact',
  });
});
