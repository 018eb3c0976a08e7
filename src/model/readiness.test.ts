import { describe, expect, test } from '@jest/globals';
import { type Crashes, crashLimit, failureResult, hasFailed, isReady, observeCrash } from './readiness.ts';
import type { UnitStatus } from './status.ts';

function status(changes: Partial<UnitStatus> = {}): UnitStatus {
  const state = { load: 'loaded', active: 'active', sub: 'running' };
  return { unit: 'a.service', machineId: 'f'.repeat(32), hash: 'a'.repeat(64), ...state, ...changes };
}

const plain = { probe: false, finishes: false };
const probed = { probe: true, finishes: false };
const job = { probe: false, finishes: true };
const ended = { active: 'inactive', sub: 'dead' };
const failure = { result: 'exit-code', journal: ['no'] };

describe('ready', () => {
  test.each<[string, Partial<UnitStatus>, typeof plain, boolean]>([
    ['a service that runs', {}, plain, true],
    ['one that is being started', { active: 'activating', sub: 'start' }, plain, false],
    ['a timer that waits', { unit: 'a.timer', sub: 'waiting' }, plain, true],
    ['a service in a state of others', { sub: 'waiting' }, plain, false],
    ['a file that systemd can not use', { load: 'bad-setting' }, plain, false],
    ['one whose probe agrees', { ready: { ok: true, detail: 'answered 200' } }, probed, true],
    ['one whose probe does not', { ready: { ok: false, detail: 'answered 503' } }, probed, false],
    ['one whose probe has not looked yet', {}, probed, false],
    ['one with a probe that we do not know of', { ready: { ok: false, detail: 'no' } }, plain, false],
    ['a job that has finished', ended, job, true],
    ['a job that was never started', { ...ended, started: false }, job, false],
    ['a job that failed', { ...ended, failure }, job, false],
    ['a service that ended', ended, plain, false],
  ])('%s', (_, changes, expects, ready) => {
    expect(isReady(status(changes), expects)).toBe(ready);
  });
});

describe('failed', () => {
  test('is what systemd has given up, or can not read', () => {
    expect(hasFailed(status({ active: 'failed', sub: 'failed' }))).toBe(true);
    expect(hasFailed(status({ load: 'not-found', ...ended }))).toBe(true);
    expect(hasFailed(status({ active: 'activating', sub: 'auto-restart' }))).toBe(false);
  });

  test('is said in systemd’s words', () => {
    expect(failureResult(status({ active: 'failed', sub: 'failed', failure }))).toBe('exit-code');
    expect(failureResult(status({ active: 'failed', sub: 'failed' }))).toBe('failed');
    expect(failureResult(status({ load: 'bad-setting', ...ended }))).toBe('bad-setting');
  });
});

describe('crashes', () => {
  const restarting = status({ active: 'activating', sub: 'auto-restart' });
  const count = (seen: readonly UnitStatus[]) =>
    seen.reduce<Crashes | undefined>(observeCrash, undefined)?.count;

  test('are counted when a unit is found waiting for its restart anew', () => {
    expect(count([restarting, restarting, status(), restarting])).toBe(2);
    expect(count(Array.from({ length: crashLimit }, () => [restarting, status()]).flat())).toBe(crashLimit);
  });

  test('between two looks show by their journal', () => {
    const crash = (line: string) => ({ ...restarting, failure: { result: 'exit-code', journal: [line] } });
    expect(count([crash('1'), crash('2'), crash('2')])).toBe(2);
  });

  test('whose words come later than the news of them are one each', () => {
    const failure = (journal?: string[]) => ({
      failure: { result: 'exit-code', ...(journal && { journal }) },
    });
    const crash = (journal?: string[]) => ({ ...restarting, ...failure(journal) });
    expect(count([crash(), crash(['1'])])).toBe(1);
    expect(count([crash(), crash(['1']), crash(), crash(['2'])])).toBe(2);
    expect(count([crash(), crash(['1']), status(), crash(), crash(['2'])])).toBe(2);
  });
});
