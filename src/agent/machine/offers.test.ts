import { describe, expect, test } from '@jest/globals';
import { readNeeds } from '../../unit/needs.ts';
import { parseUnit } from '../../unit/parse.ts';
import { isLeaving, type OfferContext, offerOf } from './offers.ts';

const services = [{ name: 'app', port: 80 }];
const hash = 'a'.repeat(64);
const needsOf = (more: string) =>
  readNeeds('a.service', parseUnit(`[X-Flotilla]\nService=app\nPort=80\n${more}`).options);
const placement = { unit: 'a.service', machineId: '1', hash, targetState: 'launched', reason: '' } as const;
const unit = {
  ...{ name: 'a.service', hash, contents: '', load: 'loaded', active: 'active', sub: 'running' },
  ...{ result: 'success', started: true },
};
const status = { ...unit, unit: unit.name, machineId: '1' };
const context: OfferContext = {
  needs: needsOf(''),
  desired: { placements: [placement], unclear: new Set() },
  draining: false,
  lookedAt: true,
};
const nothing = { services: [], sure: true };

describe('offerOf', () => {
  test('a ready unit offers what its file says', () => {
    expect(offerOf(unit, status, context)).toEqual({ services, sure: true });
    const failed = { ...status, active: 'failed', sub: 'failed' };
    expect(offerOf(unit, failed, context)).toEqual(nothing);
    expect(offerOf(unit, status, { ...context, needs: readNeeds('a.service', []) })).toEqual(nothing);
  });

  test('its probe’s word counts', () => {
    const probed = { ...context, needs: needsOf('Ready=tcp :80\n') };
    const found = (ok: boolean) => ({ ...status, ready: { ok, detail: '' } });
    expect(offerOf(unit, found(true), probed)).toEqual({ services, sure: true });
    expect(offerOf(unit, found(false), probed)).toEqual(nothing);
  });

  test.each([
    ['it reloads', { ...status, active: 'reloading', sub: 'reload' }, {}],
    ['nobody has looked at it', { ...status, ready: { ok: false, detail: '' } }, { lookedAt: false }],
    ['nobody knows what should run here', status, { desired: undefined }],
  ])('what was told stays, and nothing is added, while %s', (_, now, more) => {
    expect(offerOf(unit, now, { ...context, ...more })).toEqual({ services, sure: false });
  });
});

describe('isLeaving', () => {
  const placed = (more: object) => ({
    ...context,
    desired: { placements: [{ ...placement, ...more }], unclear: new Set<string>() },
  });
  const unclear = { placements: [], unclear: new Set(['a.service']) };
  const global = readNeeds('a.service', parseUnit('[X-Fleet]\nGlobal=true\n').options);

  test.each([
    ['stays where it is placed', context, false],
    ['leaves without a placement', placed({ unit: 'b.service' }), true],
    ['leaves for another version', placed({ hash: 'b'.repeat(64) }), true],
    ['leaves when it shall not run', placed({ targetState: 'loaded' }), true],
    ['stays while its placement can’t be read', { ...context, desired: unclear }, false],
    ['stays while nobody knows', { ...context, desired: undefined }, false],
    ['stays on a machine that drains until the engine takes it', { ...context, draining: true }, false],
    ['leaves a machine that drains when it is global', { ...context, needs: global, draining: true }, true],
  ])('a unit %s', (_, at, expected) => expect(isLeaving(unit, at)).toBe(expected));

  test('a loaded unit that another one runs stays', () =>
    expect(isLeaving({ ...unit, started: false }, placed({ targetState: 'loaded' }))).toBe(false));
});
