import { describe, expect, test } from '@jest/globals';
import type { UnitStatus } from '../../model/status.ts';
import { readNeeds, type UnitNeeds } from '../../unit/needs.ts';
import { parseUnit } from '../../unit/parse.ts';
import { type Circumstances, waitOf, watchedFor } from './start-rules.ts';
import type { Sighting } from './unit-sightings.ts';

const needsOf = (unit: string, text: string) => readNeeds(unit, parseUnit(text).options);
const needs = (units: Record<string, string>) =>
  new Map(Object.entries(units).map(([unit, text]): [string, UnitNeeds] => [unit, needsOf(unit, text)]));
const fenced = '[X-Flotilla]\nFence=stop\n';
const after = '[X-Flotilla]\nAfterReady=db.service cache.service\n';

const said = (machineId: string, unit: string, more: Partial<UnitStatus> = {}): Sighting => ({
  status: { unit, machineId, hash: 'h', load: 'loaded', active: 'active', sub: 'running', ...more },
});

/** Waits of `unit`, a member's that claimed what it wants, where nothing else is known. */
function wait(
  unit: string,
  units: Record<string, string>,
  more: Partial<Circumstances>,
  sightings: Sighting[] = [],
) {
  return waitOf(unit, {
    now: 10_000,
    machineId: 'here',
    membership: 'member',
    stopping: new Map(),
    needs: needs(units),
    sightings: (name) => sightings.filter(({ status }) => status.unit === name),
    claimed: () => true,
    unwritten: () => undefined,
    lacking: () => undefined,
    vouched: () => true,
    ...more,
  });
}

test('a unit that asks for nothing waits for nothing', () => {
  const stopping = needs({ 'b.service': '' });
  expect(
    wait('a.service', { 'a.service': '' }, { stopping, membership: 'lost', claimed: () => false }),
  ).toBeUndefined();
});

describe('AfterReady', () => {
  const units = { 'web.service': after };
  const both = [said('m1', 'db.service'), said('m2', 'cache.service', { ready: { ok: true, detail: '' } })];

  test('waits until each is ready on some machine, and says for which', () => {
    expect(wait('web.service', units, {})?.reason).toBe('waits until db.service, cache.service are ready');
    expect(wait('web.service', units, {}, both.slice(0, 1))?.reason).toBe(
      'waits until cache.service is ready',
    );
    expect(wait('web.service', units, {}, both)).toBeUndefined();
  });

  test.each<[string, Sighting]>([
    ['active, and its probe says no', said('m1', 'db.service', { ready: { ok: false, detail: 'refused' } })],
    ['activating', said('m1', 'db.service', { active: 'activating', sub: 'start' })],
    ['down', said('m1', 'db.service', { active: 'inactive', sub: 'dead' })],
    ['gone with its machine', { ...said('m1', 'db.service'), goneAt: 9000 }],
  ])('%s is not ready', (_, sighting) => {
    expect(wait('web.service', units, {}, [...both.slice(1), sighting])?.reason).toBe(
      'waits until db.service is ready',
    );
  });
});

describe('Conflicts and Replaces', () => {
  test.each([
    ['it excludes', '[X-Fleet]\nConflicts=old*\n', ''],
    ['that excludes it', '', '[X-Fleet]\nConflicts=new*\n'],
    ['it replaces', '[X-Fleet]\nReplaces=old.service\n', ''],
  ])('waits for the stop of a unit %s', (_, own, other) => {
    const stopping = needs({ 'old.service': other, 'else.service': '' });
    const reason = 'waits until old.service is stopped';
    expect(wait('new.service', { 'new.service': own }, { stopping })?.reason).toBe(reason);
    expect(wait('new.service', { 'new.service': own }, {})).toBeUndefined();
  });
});

describe('Fence=stop', () => {
  const units = { 'a.service': fenced };

  test('is started by a member only, which has claimed it', () => {
    expect(wait('a.service', units, {})).toBeUndefined();
    expect(wait('a.service', units, { membership: 'unknown' })?.reason).toContain('member of the cluster');
    expect(wait('a.service', units, { membership: 'lost' })?.reason).toContain('member of the cluster');
    expect(wait('a.service', units, { claimed: () => false })?.reason).toContain('no other machine runs it');
  });

  test.each<[string, Sighting, string | undefined, number | undefined]>([
    ['this machine says of it', said('here', 'a.service'), undefined, undefined],
    [
      'another runs',
      said('machine-2', 'a.service'),
      'waits until machine machine- has stopped it',
      undefined,
    ],
    [
      'another ran a moment ago',
      { ...said('machine-2', 'a.service'), goneAt: 9000 },
      'waits until machine',
      12_000,
    ],
    ['another ran before', { ...said('machine-2', 'a.service'), goneAt: 7000 }, undefined, undefined],
    [
      'another had stopped',
      { ...said('machine-2', 'a.service', { active: 'inactive' }), goneAt: 9999 },
      undefined,
      undefined,
    ],
  ])('what %s', (_, sighting, reason, until) => {
    const found = wait('a.service', units, {}, [sighting]);
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found?.reason).toContain(reason);
    expect(found?.until).toBe(until);
  });

  test('a machine that never had it may say what it likes', () => {
    const vouched = (machineId: string) => machineId === 'machine-3';
    const lie = said('machine-2', 'a.service');
    expect(wait('a.service', units, { vouched }, [lie, { ...lie, goneAt: 9999 }])).toBeUndefined();
    const sightings = [lie, said('machine-3', 'a.service')];
    expect(wait('a.service', units, { vouched }, sightings)?.reason).toContain('until machine machine-');
  });
});

test('only what somebody waits for is watched', () => {
  const known = needs({ 'a.service': fenced, 'web.service': after, 'plain.service': '' });
  expect(watchedFor(['plain.service', 'unknown.service'], known)).toEqual(new Set());
  expect(watchedFor(['a.service', 'web.service'], known)).toEqual(
    new Set(['a.service', 'db.service', 'cache.service']),
  );
});

describe('Image', () => {
  test('what the machine lacks is waited for, and looked for again', () => {
    const lacking = () => ({ reason: 'waits until app:1 is here', until: 12_000 });
    expect(wait('a.service', { 'a.service': '[X-Flotilla]\nImage=app:1\n' }, { lacking })).toEqual(lacking());
  });
});
