import { expect, test } from '@jest/globals';
import { fleetHashOf, hashOf } from './hash.ts';
import { parseUnit } from './parse.ts';

test('hashOf is sha256 of the UTF-8 bytes', () => {
  expect(hashOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(hashOf('[Unit]\nDescription=é\n')).toBe(hashOf(new TextEncoder().encode('[Unit]\nDescription=é\n')));
});

test("fleet's hash sees options only, not how the file is laid out", () => {
  const one = parseUnit('[Unit]\nA=b\n[Service]\nC=d\n').options;
  const other = parseUnit('# note\n[Unit]\n\n A = b\n\n\n[Service]\nC=d').options;
  expect(fleetHashOf(one)).toBe(fleetHashOf(other));
  expect(fleetHashOf([])).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709');
});
