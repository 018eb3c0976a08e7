import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { flotillaHome, stackFolder } from './home.ts';
import { InvalidInput } from './problem.ts';

test('the home is in the clone by default', () => {
  expect(flotillaHome('/clone', {})).toBe('/clone/.flotilla');
  expect(flotillaHome('/clone', { FLOTILLA_HOME: '' })).toBe('/clone/.flotilla');
});

test('every stack has a folder of its own, beside nothing else', () => {
  expect(stackFolder('dev', { FLOTILLA_HOME: '/srv/f' })).toBe('/srv/f/stacks/dev');
  expect(stackFolder('dev/blue', { FLOTILLA_HOME: '/srv/f' })).toBe('/srv/f/stacks/dev/blue');
  expect(stackFolder('dev', {})).toBe(join(resolve('.'), '.flotilla', 'stacks', 'dev'));
});

test('a relative FLOTILLA_HOME is relative to the clone', () => {
  expect(stackFolder('dev', { FLOTILLA_HOME: 'machines' })).toBe(
    join(resolve('.'), 'machines', 'stacks', 'dev'),
  );
});

test.each(['.', '..', '', '../x', 'a/..', 'a/', 'a/b/c', '-x', '.hidden'])(
  'a stack called %j gets none',
  (stack) => {
    const folder = () => stackFolder(stack, {});
    expect(folder).toThrow(InvalidInput);
    expect(folder).toThrow(`its name: ${JSON.stringify(stack)} cannot have a folder of its own`);
  },
);
