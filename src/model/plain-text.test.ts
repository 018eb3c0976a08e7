import { expect, test } from '@jest/globals';
import { plainText } from './plain-text.ts';

test.each([
  ['\u001b]0;owned\u0007\u001b[31mred\u001b[0m', 'red'],
  ['a\u001b[2Jb\u0000\rc\td\ne', 'abc\td\ne'],
  ['plain, ünïcode → fine', 'plain, ünïcode → fine'],
])('%j is shown as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});
