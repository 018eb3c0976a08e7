import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../src/store/fake-clock.ts';
import { usualDelays } from './cloud.ts';
import { effects } from './effects.ts';
import { at, rest } from './rest.ts';
import { droplet, TestApi } from './test-api.ts';

const cloud = TestApi.forEach();

describe('as HTTP', () => {
  test('lists come in pages with links', async () => {
    const { body } = await cloud().call('GET /v2/sizes?per_page=4&page=2');
    expect(at(body, 'meta.total')).toBe(9);
    expect(at(body, 'links.pages')).toEqual({
      first: `${cloud().api.url}/v2/sizes?per_page=4&page=1`,
      prev: `${cloud().api.url}/v2/sizes?per_page=4&page=1`,
      next: `${cloud().api.url}/v2/sizes?per_page=4&page=3`,
      last: `${cloud().api.url}/v2/sizes?per_page=4&page=3`,
    });
    expect((await cloud().call('GET /v2/regions')).body).toMatchObject({ links: {}, meta: { total: 8 } });
  });

  test.each([
    ['GET /v2/droplets/1', 404, 'not_found'],
    ['GET /v2/moons', 404, 'not_found'],
    ['PUT /v2/droplets', 405, 'method_not_allowed'],
  ])('%s is %d', async (path, status, id) => {
    const reply = await cloud().call(path);
    expect([reply.status, at(reply.body, 'id')]).toEqual([status, id]);
  });

  test('a body that is no JSON is 400, another token 401', async () => {
    expect((await cloud().call('POST /v2/droplets', '{')).status).toBe(400);
    const other = await rest({ url: cloud().api.url, token: 'wrong' })('GET /v2/account');
    expect([other.status, at(other.body, 'id')]).toEqual([401, 'unauthorized']);
  });

  test('more than a minute allows is 429, and says when', async () => {
    await cloud().restart({ limits: { minute: 2 } });
    const first = await cloud().call('GET /v2/account');
    expect(first.headers.get('ratelimit-limit')).toBe('5000');
    expect(first.headers.get('ratelimit-remaining')).toBe('4999');
    await cloud().call('GET /v2/account');
    const reply = await cloud().call('GET /v2/account');
    expect([reply.status, at(reply.body, 'id')]).toEqual([429, 'too_many_requests']);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(reply.headers.get('ratelimit-remaining')).toBe('0');
  });
});

describe('faults', () => {
  test('answer calls that fit, a number of times', async () => {
    cloud().api.faults.add({ call: 'GET /v2/acc*', effect: effects.rateLimited, skip: 1, times: 2 });
    const replies = [];
    for (let count = 0; count < 4; count += 1) replies.push(await cloud().call('GET /v2/account'));
    expect(replies.map(({ status }) => status)).toEqual([200, 429, 429, 200]);
    expect(replies[1]?.headers.get('retry-after')).toBe('1');
    expect(cloud().api.faults.unmet()).toEqual([]);
  });

  test('with `each`, what is new is not there yet, one by one', async () => {
    cloud().api.faults.add({ call: 'GET /v2/droplets/*', effect: { answer: 404 }, each: true });
    for (const name of ['a', 'b']) {
      const id = await cloud().create('/v2/droplets', { ...droplet, name }, 'droplet');
      expect((await cloud().call(`GET /v2/droplets/${id}`)).status).toBe(404);
      expect((await cloud().call(`GET /v2/droplets/${id}`)).status).toBe(200);
    }
  });

  test.each([
    ['before', []],
    ['after', ['tag web']],
  ] as const)('a connection is cut %s the work', async (cut, there) => {
    cloud().api.faults.add({ call: 'POST /v2/tags', effect: { cut } });
    await expect(cloud().call('POST /v2/tags', { name: 'web' })).rejects.toThrow('fetch failed');
    expect(cloud().api.inventory.names()).toEqual(there);
    expect(cloud().api.trace.calls()).toEqual(['POST /v2/tags 0']);
  });

  test('an answer comes late', async () => {
    cloud().api.faults.add({ call: 'GET /v2/account', effect: { slow: 60 } });
    const started = performance.now();
    await cloud().call('GET /v2/account');
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  test('a machine that never becomes active can be deleted', async () => {
    cloud().api.faults.add({ machine: 'core-*', fate: 'never active' });
    const id = await cloud().create('/v2/droplets', droplet, 'droplet');
    await sleep(20);
    expect(at((await cloud().call(`GET /v2/droplets/${id}`)).body, 'droplet.status')).toBe('new');
    await cloud().call(`DELETE /v2/droplets/${id}`);
    await cloud().untilGone(`/v2/droplets/${id}`);
    await cloud().activeDroplet();
  });

  test('a machine dies', async () => {
    const clock = new FakeClock();
    await cloud().restart({ clock, delays: usualDelays });
    cloud().api.faults.add({ machine: 'core-1', fate: 'dies' });
    const path = `/v2/droplets/${await cloud().create('/v2/droplets', droplet, 'droplet')}`;
    await clock.advance(usualDelays.boot);
    expect(at((await cloud().call(`GET ${path}`)).body, 'droplet.status')).toBe('active');
    await clock.advance(usualDelays.death);
    expect(at((await cloud().call(`GET ${path}`)).body, 'droplet.status')).toBe('off');
    expect(cloud().machines.named('core-1').running).toBe(false);
  });

  test('a machine that stops by itself is off', async () => {
    const id = await cloud().activeDroplet();
    cloud().machines.crash('core-1');
    expect(at((await cloud().call(`GET /v2/droplets/${id}`)).body, 'droplet.status')).toBe('off');
  });

  test('what nothing has met is named', () => {
    cloud().api.faults.add({ call: 'GET /v2/x', effect: { answer: 500 } }, { machine: 'y', fate: 'off' });
    expect(cloud().api.faults.unmet()).toEqual(['GET /v2/x', 'y: off']);
  });
});
