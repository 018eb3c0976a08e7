import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { UnitView } from '../model/api.ts';
import type { UnitStatus } from '../model/status.ts';
import { type CrashHistory, crashLoops, evaluate, observeCrashes, type WantedUnit } from './health.ts';

const hash = 'a'.repeat(64);
const machine = 'f'.repeat(32);
const name = () => 'core-1';

function wanted(unit: string, changes: Partial<WantedUnit> = {}): WantedUnit {
  return {
    ...{ name: unit, hash, targetState: 'launched' },
    ...{ finishes: false, probe: false, rolloutDeadline: 300, announced: 0, rolls: false },
    ...changes,
  };
}

function state(unit: string, changes: Partial<UnitStatus> = {}): UnitStatus {
  return { unit, machineId: machine, hash, load: 'loaded', active: 'active', sub: 'running', ...changes };
}

function view(unit: string, states: readonly UnitStatus[], changes: Partial<UnitView> = {}): UnitView {
  const placement = { unit, machineId: machine, hash, targetState: 'launched', reason: 'r' } as const;
  return { name: unit, hash, targetState: 'launched', placements: [placement], states, ...changes };
}

const one = (unit: WantedUnit, remote: UnitView | undefined) =>
  evaluate(remote ? [remote] : [], { units: [unit], gone: [] }, name);

describe('evaluate', () => {
  test.each([
    ['a.service', 'active', 'running'],
    ['a.service', 'active', 'exited'],
    ['a.socket', 'active', 'listening'],
    ['a.timer', 'active', 'waiting'],
    ['a.path', 'active', 'waiting'],
    ['a.mount', 'active', 'mounted'],
    ['a.target', 'active', 'active'],
  ])('%s is healthy when %s (%s)', (unit, active, sub) => {
    expect(one(wanted(unit), view(unit, [state(unit, { active, sub })])).done).toBe(true);
  });

  test.each<[string, UnitView | undefined, string]>([
    ['absent', undefined, 'the cluster does not have it'],
    [
      'older version',
      view('a.service', [], { hash: 'b'.repeat(64) }),
      'the cluster has version bbbbbbb, not aaaaaaa',
    ],
    [
      'target state',
      view('a.service', [], { targetState: 'loaded' }),
      'its target state is loaded, not launched',
    ],
    [
      'pending',
      view('a.service', [], { placements: [], pending: 'no machine has metadata disk=ssd' }),
      'pending, no machine has metadata disk=ssd',
    ],
    ['undecided', view('a.service', [], { placements: [] }), 'no machine was chosen yet'],
    ['unreported', view('a.service', []), 'core-1 has not reported it'],
    [
      'file to come',
      view('a.service', [state('a.service', { hash: 'b'.repeat(64), active: 'failed' })]),
      "core-1 does not have this version's file yet",
    ],
    [
      'starting',
      view('a.service', [state('a.service', { active: 'activating', sub: 'start' })]),
      'activating (start) on core-1',
    ],
    [
      'ended by itself',
      view('a.service', [state('a.service', { active: 'inactive', sub: 'dead' })]),
      'inactive (dead) on core-1',
    ],
  ])('waits for a unit that is %s', (name, remote, why) => {
    const overtaken = ['absent', 'older version', 'target state'].includes(name);
    expect(one(wanted('a.service'), remote)).toEqual({
      done: false,
      failed: [],
      waiting: [{ unit: 'a.service', why, ...(overtaken && { overtaken }) }],
    });
  });

  test('a failed unit is reported with machine, result and its last ten journal lines', () => {
    const journal = Array.from({ length: 12 }, (_, i) => `line ${i}`);
    const failed = state('a.service', {
      active: 'failed',
      sub: 'failed',
      failure: { result: 'exit-code', journal },
    });
    expect(one(wanted('a.service'), view('a.service', [failed])).failed).toEqual([
      { unit: 'a.service', machine: 'core-1', result: 'exit-code', journal: journal.slice(2) },
    ]);
  });

  test('a file that systemd refuses has failed, also when it only shall be loaded', () => {
    const refused = state('a.service', { load: 'bad-setting', active: 'inactive', sub: 'dead' });
    const remote = view('a.service', [refused], { targetState: 'loaded' });
    expect(one(wanted('a.service', { targetState: 'loaded' }), remote).failed).toMatchObject([
      { result: 'bad-setting' },
    ]);
  });

  test('a unit that is meant to end is done when it ended well', () => {
    const ended = view('a.service', [state('a.service', { active: 'inactive', sub: 'dead' })]);
    expect(one(wanted('a.service', { finishes: true }), ended).done).toBe(true);
  });

  test('a loaded unit need not run; an inactive one must have left every machine', () => {
    const idle = [state('a.service', { active: 'inactive', sub: 'dead' })];
    expect(
      one(wanted('a.service', { targetState: 'loaded' }), view('a.service', idle, { targetState: 'loaded' }))
        .done,
    ).toBe(true);
    const inactive = wanted('a.service', { targetState: 'inactive' });
    const leaving = view('a.service', idle, { targetState: 'inactive', placements: [] });
    expect(one(inactive, leaving).waiting).toEqual([{ unit: 'a.service', why: 'it is still on core-1' }]);
    expect(one(inactive, { ...leaving, states: [] }).done).toBe(true);
  });

  test('a destroyed unit must be gone', () => {
    const gone = { units: [], gone: ['a.service'] };
    expect(evaluate([view('a.service', [])], gone, name).done).toBe(false);
    expect(evaluate([], gone, name).done).toBe(true);
  });

  test('is done exactly when nothing failed and nothing is waited for, and says of each unit why', () => {
    const systemd = fc.record({
      load: fc.constantFrom('loaded', 'not-found'),
      active: fc.constantFrom('active', 'inactive', 'failed', 'activating'),
      sub: fc.constantFrom('running', 'exited', 'dead', 'failed', 'auto-restart'),
      hash: fc.constantFrom(hash, 'b'.repeat(64)),
    });
    fc.assert(
      fc.property(fc.array(systemd, { maxLength: 2 }), fc.boolean(), (states, finishes) => {
        const remote = view(
          'a.service',
          states.map((each) => state('a.service', each)),
        );
        const { done, failed, waiting } = one(wanted('a.service', { finishes }), remote);
        expect(done).toBe(failed.length === 0 && waiting.length === 0);
        expect(waiting.every(({ why }) => why !== '')).toBe(true);
      }),
    );
  });
});

describe('crash loops', () => {
  const units = { units: [wanted('a.service')], gone: [] };
  const restarting = state('a.service', { active: 'activating', sub: 'auto-restart' });
  const watch = (states: readonly UnitStatus[]) => {
    const history = states.reduce<CrashHistory>(
      (before, each) => observeCrashes(before, [view('a.service', [each])]),
      new Map(),
    );
    return crashLoops(history, [view('a.service', states.slice(-1))], units, name);
  };

  test('five crashes between which it ran are a loop, four are not', () => {
    const crash = [restarting, state('a.service')];
    expect(watch(Array.from({ length: 4 }, () => crash).flat())).toEqual([]);
    expect(watch(Array.from({ length: 5 }, () => crash).flat())).toMatchObject([
      { unit: 'a.service', machine: 'core-1', result: 'crash loop, running' },
    ]);
  });

  test('crashes between two looks show by their journal', () => {
    const crash = (line: string) => ({ ...restarting, failure: { result: 'exit-code', journal: [line] } });
    const loop = watch(['1', '2', '3', '4', '5'].map(crash));
    expect(loop).toMatchObject([{ result: 'crash loop, exit-code', journal: ['5'] }]);
  });

  test('one long RestartSec= is no loop', () => {
    expect(watch(Array.from({ length: 29 }, () => restarting))).toEqual([]);
    expect(watch(Array.from({ length: 30 }, () => restarting))).toHaveLength(1);
  });
});
