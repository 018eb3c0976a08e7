import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../src/store/fake-clock.ts';
import { usualDelays } from './cloud.ts';
import { at } from './rest.ts';
import { quick } from './sample.ts';
import { droplet, TestApi } from './test-api.ts';

const cloud = TestApi.forEach();

describe('a droplet', () => {
  test('is new first, without addresses, then active with both', async () => {
    const reply = await cloud().call('POST /v2/droplets', {
      ...droplet,
      ipv6: true,
      tags: ['web'],
      user_data: '#cloud-config',
    });
    expect(reply.status).toBe(202);
    expect(at(reply.body, 'droplet')).toMatchObject({
      status: 'new',
      locked: false,
      networks: { v4: [], v6: [] },
      region: { slug: 'nyc3' },
      size: { slug: 's-1vcpu-1gb', price_monthly: 6, price_hourly: 0.00893 },
      image: { slug: 'debian-13-x64' },
      tags: ['web'],
      memory: 1024,
      vcpus: 1,
      disk: 25,
      volume_ids: [],
    });
    const id = at(reply.body, 'droplet.id');
    await cloud().until(`/v2/droplets/${id}`, 'droplet.status', 'active');
    const { body } = await cloud().call(`GET /v2/droplets/${id}`);
    expect(at(body, 'droplet.networks')).toMatchObject({
      v4: [
        { type: 'private', ip_address: '10.102.0.2' },
        { type: 'public', ip_address: '203.0.113.1' },
      ],
      v6: [{ type: 'public', ip_address: '2001:db8::1' }],
    });
    expect(cloud().machines.named('core-1').spec).toMatchObject({
      userData: '#cloud-config',
      size: { vcpus: 1, memory: 1024, disk: 25 },
      network: { range: '10.102.0.0/20', address: '10.102.0.2' },
    });
    const action = at(reply.body, 'links.actions.0.id');
    expect(at((await cloud().call(`GET /v2/actions/${action}`)).body, 'action.status')).toBe('completed');
  });

  test('is there for a while after it was deleted, then gone with its machine', async () => {
    const clock = new FakeClock();
    await cloud().restart({ clock, delays: usualDelays });
    const path = `/v2/droplets/${await cloud().create('/v2/droplets', droplet, 'droplet')}`;
    await clock.advance(usualDelays.boot - 1);
    expect(at((await cloud().call(`GET ${path}`)).body, 'droplet.status')).toBe('new');
    await clock.advance(1);
    expect(at((await cloud().call(`GET ${path}`)).body, 'droplet.status')).toBe('active');
    expect((await cloud().call(`DELETE ${path}`)).status).toBe(204);
    await clock.advance(usualDelays.destroy - 1);
    expect((await cloud().call(`GET ${path}`)).status).toBe(200);
    expect((await cloud().call(`DELETE ${path}`)).status).toBe(422);
    await clock.advance(1);
    expect((await cloud().call(`GET ${path}`)).status).toBe(404);
    expect(cloud().machines.names()).toEqual([]);
    expect(cloud().api.trace.changes()).toEqual(['created droplet core-1', 'deleted droplet core-1']);
  });

  test('leaves its tags behind', async () => {
    const id = await cloud().activeDroplet({ ...droplet, tags: ['web'] });
    await cloud().call(`DELETE /v2/droplets/${id}`);
    await cloud().untilGone(`/v2/droplets/${id}`);
    expect(cloud().api.inventory.names()).toEqual(['tag web']);
  });

  test.each<[string, object, string]>([
    ['a region', { region: 'atlantis1' }, 'You specified an invalid region for Droplet creation.'],
    ['a region that takes none', { region: 'nyc2' }, 'You specified an invalid region for Droplet creation.'],
    ['a size', { size: 's-99vcpu' }, 'You specified an invalid size for Droplet creation.'],
    ['a size elsewhere', { size: 's-1vcpu-512mb-10gb' }, 'Size is not available in this region.'],
    ['an image', { image: 'debian-1-x64' }, 'You specified an invalid image for Droplet creation.'],
    ['a name', { name: 'core_1' }, 'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)'],
    ['a key', { ssh_keys: [12, 'aa:bb'] }, '12, aa:bb are invalid key identifiers for Droplet creation.'],
    ['user data', { user_data: 'x'.repeat(64 * 1024 + 1) }, 'User data can not exceed 64 KiB.'],
    ['a VPC', { vpc_uuid: 'none' }, 'You specified an invalid VPC for Droplet creation.'],
    ['a type', { size: 7 }, 'size: Invalid input: expected string, received number'],
  ])('is refused for %s', async (_, wrong, message) => {
    const { status, body } = await cloud().call('POST /v2/droplets', { ...droplet, ...wrong });
    expect(status).toBe(422);
    expect(body).toEqual({ id: 'unprocessable_entity', message, request_id: expect.any(String) });
    expect(cloud().api.trace.changes()).toEqual([]);
  });

  test('user data of just 64 KiB is taken', async () => {
    const reply = await cloud().call('POST /v2/droplets', { ...droplet, user_data: 'x'.repeat(64 * 1024) });
    expect(reply.status).toBe(202);
  });

  test('too many are refused, whatever their kind', async () => {
    await cloud().restart({ limits: { ...quick.limits, droplets: 1 } });
    await cloud().activeDroplet();
    const { status, body } = await cloud().call('POST /v2/droplets', droplet);
    expect([status, at(body, 'message')]).toEqual([
      422,
      'creating this/these droplet(s) will exceed your droplet limit',
    ]);
  });
});

describe('actions', () => {
  const act = (id: string, body: object) => cloud().call(`POST /v2/droplets/${id}/actions`, body);
  const done = async (id: string, body: object) => {
    const { status, body: answer } = await act(id, body);
    expect(status).toBe(201);
    await cloud().until(`/v2/actions/${at(answer, 'action.id')}`, 'action.status', 'completed');
    return at((await cloud().call(`GET /v2/droplets/${id}`)).body, 'droplet');
  };

  test('power off, resize, power on, rename', async () => {
    const id = await cloud().activeDroplet();
    expect(await done(id, { type: 'power_off' })).toMatchObject({ status: 'off' });
    expect(cloud().machines.named('core-1').running).toBe(false);
    expect(await done(id, { type: 'resize', size: 's-2vcpu-4gb', disk: false })).toMatchObject({
      size_slug: 's-2vcpu-4gb',
      disk: 25,
      vcpus: 2,
    });
    expect(await done(id, { type: 'power_on' })).toMatchObject({ status: 'active' });
    expect(cloud().machines.named('core-1')).toMatchObject({
      running: true,
      boots: 2,
      size: { vcpus: 2, disk: 25 },
    });
    expect(await done(id, { type: 'rename', name: 'core-9' })).toMatchObject({ name: 'core-9' });
    expect(await done(id, { type: 'shutdown' })).toMatchObject({ status: 'off' });
    expect(await done(id, { type: 'shutdown' })).toMatchObject({ status: 'off' });
  });

  test.each<[string, object]>([
    ['Droplet is already powered on.', { type: 'power_on' }],
    ['Droplet must be powered off to be resized.', { type: 'resize', size: 's-2vcpu-4gb' }],
    ['You specified an invalid size for Droplet resize.', { type: 'resize', size: 'huge' }],
    ['Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)', { type: 'rename', name: '-' }],
    ['explode is not a type of action', { type: 'explode' }],
  ])('%s', async (message, body) => {
    const reply = await act(await cloud().activeDroplet(), body);
    expect([reply.status, at(reply.body, 'message')]).toEqual([422, message]);
  });

  test('a smaller disk is refused', async () => {
    const id = await cloud().activeDroplet({ ...droplet, size: 's-2vcpu-4gb' });
    await done(id, { type: 'power_off' });
    const reply = await act(id, { type: 'resize', size: 's-1vcpu-1gb' });
    expect(at(reply.body, 'message')).toBe('This size is not available because it has a smaller disk.');
  });

  test('one at a time', async () => {
    const clock = new FakeClock();
    await cloud().restart({ clock, delays: usualDelays });
    const id = await cloud().create('/v2/droplets', droplet, 'droplet');
    await clock.advance(usualDelays.boot);
    await act(id, { type: 'power_off' });
    expect(at((await cloud().call(`GET /v2/droplets/${id}`)).body, 'droplet.locked')).toBe(true);
    const reply = await act(id, { type: 'rename', name: 'other' });
    expect(at(reply.body, 'message')).toBe('Droplet already has a pending event.');
    expect((await cloud().call(`DELETE /v2/droplets/${id}`)).status).toBe(422);
    await clock.advance(usualDelays.action);
    const { body } = await cloud().call(`GET /v2/droplets/${id}`);
    expect(at(body, 'droplet')).toMatchObject({ status: 'off', locked: false, name: 'core-1' });
  });
});
