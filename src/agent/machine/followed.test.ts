import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../store/fake-clock.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import { FollowedServices } from './followed.ts';
import type { Offer } from './offers.ts';

const app = { name: 'app', port: 5001 };
const followed = {
  services: [
    { service: 'app', port: 5001 },
    { service: 'web', port: 80 },
  ],
  notice: 10,
};
const unit = (name: string): ManagedUnit => ({
  ...{ name, hash: 'a'.repeat(64), contents: '', load: 'loaded', active: 'active', sub: 'running' },
  ...{ result: 'success', started: true },
});

let clock: FakeClock;
let services: FollowedServices;
beforeEach(async () => {
  clock = new FakeClock();
  services = new FollowedServices(clock, followed);
  await clock.advance(60_000);
});

/** One look, at which each of these units offers this. */
function look(offers: Readonly<Record<string, Offer>>): void {
  const units = Object.keys(offers).map(unit);
  services.look(units, ({ name }) => offers[name] ?? { services: [], sure: true });
}

const ready = { services: [app], sure: true };
const unready = { services: [], sure: true };
const unsure = { services: [app], sure: false };
const leaving = (name: string) => new Map([[name, [app]]]);

describe('the answer', () => {
  test('is ready while a unit here has the service at this port', () => {
    expect(services.answer('/services/app/5001')).toBe('not ready');
    look({ 'app@1.service': ready });
    expect(services.answer('/services/app/5001')).toBe('ready');
    look({ 'app@1.service': { services: [{ name: 'app', port: 5002 }], sure: true } });
    expect(services.answer('/services/app/5001')).toBe('not ready');
    look({ 'app@1.service': unready, 'other.service': ready });
    expect(services.answer('/services/app/5001')).toBe('ready');
    look({});
    expect(services.answer('/services/app/5001')).toBe('not ready');
  });

  test('counts for all services that are asked for together', () => {
    look({ 'app@1.service': ready });
    expect(services.answer('/services/app/5001/web/80')).toBe('not ready');
    look({ 'app@1.service': ready, 'web.service': { services: [{ name: 'web', port: 80 }], sure: true } });
    expect(services.answer('/services/app/5001/web/80')).toBe('ready');
  });

  test('tells nothing of what nobody follows, though it is here', () => {
    look({ 'db.service': { services: [{ name: 'db', port: 5432 }], sure: true } });
    for (const path of [
      '/services/db/5432',
      '/services/app/5001/db/5432',
      '/services/app/80',
      '/',
      '/metrics',
    ])
      expect(services.answer(path)).toBe('not found');
    expect(new FollowedServices(clock, undefined).answer('/services/app/5001')).toBe('not found');
  });

  test('stays while nobody can tell, and is never a guess', () => {
    look({ 'app@1.service': unsure });
    expect(services.answer('/services/app/5001')).toBe('not ready');
    look({ 'app@1.service': ready });
    look({ 'app@1.service': unsure });
    expect(services.answer('/services/app/5001')).toBe('ready');
  });
});

describe('a unit that shall be stopped', () => {
  test('is told of no more at once, and runs on for as long as balancers take to notice', async () => {
    look({ 'app@1.service': ready });
    const end = clock.now() + 10_000;
    expect(services.hold(leaving('app@1.service'))).toEqual(new Map([['app@1.service', end]]));
    expect(services.answer('/services/app/5001')).toBe('not ready');
    await clock.advance(9999);
    look({ 'app@1.service': unready });
    expect(services.hold(leaving('app@1.service'))).toEqual(new Map([['app@1.service', end]]));
    await clock.advance(1);
    expect(services.hold(leaving('app@1.service'))).toEqual(new Map());
  });

  test('waits from when it was told of last, however it got unready', async () => {
    look({ 'app@1.service': ready });
    look({ 'app@1.service': unready });
    await clock.advance(4000);
    const [[, end] = []] = services.hold(leaving('app@1.service'));
    expect(end).toBe(clock.now() + 6000);
  });

  test('waits anew when it was told of again in between', async () => {
    look({ 'app@1.service': ready });
    services.hold(leaving('app@1.service'));
    await clock.advance(8000);
    look({ 'app@1.service': ready });
    await clock.advance(8000);
    const [[, end] = []] = services.hold(leaving('app@1.service'));
    expect(end).toBe(clock.now() + 10_000);
  });

  test('does not wait when it was never told of, or nobody follows what it offers', () => {
    look({ 'app@1.service': unready });
    expect(services.hold(leaving('app@1.service'))).toEqual(new Map());
    expect(services.hold(new Map([['db.service', [{ name: 'db', port: 5432 }]]]))).toEqual(new Map());
  });

  test('waits from an agent’s start on, since the one before may have told of it up to then', async () => {
    const fresh = new FollowedServices(clock, followed);
    await clock.advance(1000);
    const [[, end] = []] = fresh.hold(leaving('app@1.service'));
    expect(end).toBe(clock.now() + 9000);
  });
});
