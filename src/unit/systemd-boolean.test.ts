import { expect, test } from '@jest/globals';
import { isTrue } from './systemd-boolean.ts';

test.each(['1', 'yes', 'y', 'true', 't', 'on', 'Yes', 'TRUE'])('%s is true', (text) => {
  expect(isTrue(text)).toBe(true);
});

test.each(['0', 'no', 'n', 'false', 'f', 'off', '', ' yes', '2', undefined])('%s is not', (text) => {
  expect(isTrue(text)).toBe(false);
});
