import { expect, test } from '@jest/globals';
import { readExpectation } from './expectation.ts';
import { parseUnit } from './parse.ts';

test.each([
  ['[Service]\nExecStart=/bin/a\n', { probe: false, finishes: false }],
  ['[Service]\nType=oneshot\n', { probe: false, finishes: true }],
  ['[Service]\nType=oneshot\nRemainAfterExit=YES\n', { probe: false, finishes: false }],
  ['[Service]\nType=oneshot\nRemainAfterExit=yes\nRemainAfterExit=no\n', { probe: false, finishes: true }],
  ['[Service]\nType=oneshot\nType=simple\n', { probe: false, finishes: false }],
  ['[X-Flotilla]\nReady=tcp :5432\n', { probe: true, finishes: false }],
  ['[Service]\nType=notify\n[X-Flotilla]\nReady=notify\n', { probe: false, finishes: false }],
])('%j', (text, expected) => {
  expect(readExpectation('a.service', parseUnit(text).options)).toEqual(expected);
});
