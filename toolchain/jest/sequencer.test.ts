import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import Sequencer, { longest } from './sequencer.ts';

const root = join(import.meta.dirname, '..', '..');
const at = (file: string) => ({ path: join(root, file) });

test('files that are known to be long are there, and begin before larger ones', () => {
  const [first = '', second = ''] = longest;
  expect(longest.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const small = at('toolchain/jest/sequencer.test.ts');
  const large = at('src/agent/confined.real.test.ts');
  expect(new Sequencer().sort([small, at(second), large, at(first)])).toEqual([
    at(first),
    at(second),
    large,
    small,
  ]);
});
