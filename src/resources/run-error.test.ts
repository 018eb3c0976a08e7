import { expect, test } from '@jest/globals';
import { RunError } from '@pulumi/pulumi';
import { runError } from './run-error.ts';

const error = new Error('units can’t be read', { cause: new Error('EIO') });

test('whatever fails in the program is a line with its causes, and no stack', () => {
  const shown = runError(error, {});
  expect(shown).toBeInstanceOf(RunError);
  expect(shown).toMatchObject({ message: 'units can’t be read: EIO', stack: 'units can’t be read: EIO' });
  expect(runError('thrown as it is', {})).toMatchObject({ message: 'thrown as it is' });
});

test('FLOTILLA_DEBUG shows the stack: the error stays what it is', () => {
  expect(runError(error, { FLOTILLA_DEBUG: '1' })).toBe(error);
});
