import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Systemd } from '../../../src/agent/systemd/systemd.ts';
import { patience } from './subject.ts';

/** Counts what `changes` yields, after it has said what was before: a busy machine tells late of units that come or go. */
export async function follow(systemd: Systemd) {
  const stop = new AbortController();
  const seen = { changes: 0, error: '' };
  const ended = (async () => {
    for await (const _ of systemd.changes(stop.signal)) seen.changes += 1;
  })().catch((error: Error) => {
    seen.error = error.message;
  });
  let before: number;
  do {
    before = seen.changes;
    await sleep(1000);
  } while (seen.error === '' && before !== seen.changes);
  seen.changes = 0;
  return { stop, seen, ended };
}

export async function eventually(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < patience && !condition(); tries++) await sleep(100);
  expect(condition()).toBe(true);
}
