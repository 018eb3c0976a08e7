import { expect, test } from '@jest/globals';
import { explain, lastEntry, linesOf } from './journal.ts';

const run = { unit: 'a.service', invocation: 'b'.repeat(32), since: 1000 };

function said(...entries: readonly object[]): string {
  return entries.map((entry) => `${JSON.stringify({ __MONOTONIC_TIMESTAMP: '1500', ...entry })}\n`).join('');
}

test('lines are told without empty ones, and long ones by their beginning', () => {
  const mine = { _SYSTEMD_INVOCATION_ID: run.invocation };
  const messages = ['first\n\nsecond', null, 'x'.repeat(48 * 1024)].map((MESSAGE) => ({ ...mine, MESSAGE }));
  expect(linesOf(run, said(...messages))).toEqual(['first', 'second', `${'x'.repeat(1000)}…`]);
});

test('bytes that are no UTF-8 spoil no other line', () => {
  const bytes = { INVOCATION_ID: run.invocation, MESSAGE: [104, 105, 255] };
  expect(linesOf(run, said(bytes))).toEqual(['hi\ufffd']);
});

test('lines of another run are left out; a line without a run is of the one that goes on', () => {
  const output = said(
    { MESSAGE: 'of an earlier run', _SYSTEMD_INVOCATION_ID: 'a'.repeat(32) },
    { MESSAGE: 'without a run, too early', __MONOTONIC_TIMESTAMP: '999' },
    { MESSAGE: 'Started a.service.', INVOCATION_ID: run.invocation },
    { MESSAGE: 'said and ended' },
  );
  expect(linesOf(run, output)).toEqual(['Started a.service.', 'said and ended']);
});

test('the last entry is told by its monotonic time', () => {
  const output = '{"__MONOTONIC_TIMESTAMP":"17"}\n{"__CURSOR":"c","__MONOTONIC_TIMESTAMP":"3832221273"}\n';
  expect(lastEntry(output)).toBe(3832221273);
  expect(lastEntry('')).toBe(Number.NEGATIVE_INFINITY);
});

test('a journalctl that was ended for taking too long is said to have given no answer', () => {
  const failed = new Error('Command failed: journalctl');
  expect(() => explain(failed)).toThrow(failed);
  expect(() => explain(Object.assign(failed, { killed: true }))).toThrow('journalctl gave no answer in 30 s');
});
