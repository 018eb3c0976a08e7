import { describe, expect, test } from '@jest/globals';
import { publicKey } from '../public-key.ts';
import { at } from './rest.ts';
import { droplet, TestApi } from './test-api.ts';

const cloud = TestApi.forEach();

describe('VPCs', () => {
  const vpc = { name: 'main', region: 'nyc3', ip_range: '10.10.0.0/24' };

  test('go only once they are empty', async () => {
    const id = await cloud().create('/v2/vpcs', vpc, 'vpc');
    const machine = await cloud().activeDroplet({ ...droplet, vpc_uuid: id });
    const refusal = await cloud().call(`DELETE /v2/vpcs/${id}`);
    expect([refusal.status, at(refusal.body, 'message')]).toEqual([409, 'Can not delete VPC with members']);
    expect(at((await cloud().call(`GET /v2/vpcs/${id}/members`)).body, 'members.0.urn')).toBe(
      `do:droplet:${machine}`,
    );
    await cloud().call(`DELETE /v2/droplets/${machine}`);
    await cloud().untilGone(`/v2/droplets/${machine}`);
    expect((await cloud().call(`DELETE /v2/vpcs/${id}`)).status).toBe(204);
    expect(cloud().api.inventory.names()).toEqual([]);
  });

  test.each<[string, object]>([
    [
      'This range/size overlaps with another VPC network in your account',
      { ip_range: '10.10.0.128/25', name: 'b' },
    ],
    ['name is already in use', { ip_range: '10.11.0.0/24' }],
    ['ip_range must be between /16 and /28', { ip_range: '10.0.0.0/15', name: 'b' }],
    ['ip_range must be within a private range (RFC1918)', { ip_range: '8.8.8.0/24', name: 'b' }],
    ['ip_range is not a valid CIDR', { ip_range: '10.10.0.1/24', name: 'b' }],
    ['region is invalid', { region: 'nowhere', name: 'b' }],
  ])('%s', async (message, wrong) => {
    await cloud().create('/v2/vpcs', vpc, 'vpc');
    const { status, body } = await cloud().call('POST /v2/vpcs', { ...vpc, ...wrong });
    expect([status, at(body, 'message')]).toEqual([422, message]);
  });

  test('the first one of a region that was never used is its default and stays', async () => {
    await cloud().restart({ fresh: true });
    const id = await cloud().create('/v2/vpcs', vpc, 'vpc');
    const second = await cloud().create('/v2/vpcs', { ...vpc, name: 'b', ip_range: '10.11.0.0/24' }, 'vpc');
    expect(at((await cloud().call(`GET /v2/vpcs/${id}`)).body, 'vpc.default')).toBe(true);
    expect((await cloud().call(`DELETE /v2/vpcs/${id}`)).status).toBe(403);
    expect((await cloud().call(`DELETE /v2/vpcs/${second}`)).status).toBe(204);
  });
});

test('SSH keys are known by id and fingerprint, once each', async () => {
  const id = await cloud().create('/v2/account/keys', { name: 'me', public_key: publicKey }, 'ssh_key');
  const { body } = await cloud().call(`GET /v2/account/keys/${id}`);
  const fingerprint = at(body, 'ssh_key.fingerprint');
  expect(fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  expect((await cloud().call(`GET /v2/account/keys/${fingerprint}`)).body).toEqual(body);
  const again = await cloud().call('POST /v2/account/keys', { name: 'b', public_key: publicKey });
  expect(at(again.body, 'message')).toBe('SSH Key is already in use on your account');
  expect(
    (await cloud().call('POST /v2/account/keys', { name: 'b', public_key: 'ssh-rsa AAAA' })).status,
  ).toBe(422);
  await cloud().activeDroplet({ ...droplet, ssh_keys: [Number(id)] });
  expect(cloud().machines.named('core-1').spec.authorizedKeys).toEqual([publicKey]);
});

describe('firewalls', () => {
  const inbound = { protocol: 'tcp', ports: '22', sources: { addresses: ['192.0.2.0/24'] } };
  const firewall = {
    name: 'main',
    inbound_rules: [inbound],
    outbound_rules: null,
    droplet_ids: null,
    tags: [],
  };

  test('are waiting until they are applied, and lose droplets that go', async () => {
    const id = await cloud().activeDroplet();
    const body = { ...firewall, droplet_ids: [Number(id)] };
    const reply = await cloud().call('POST /v2/firewalls', body);
    expect(reply.status).toBe(202);
    expect(at(reply.body, 'firewall')).toMatchObject({
      status: 'waiting',
      pending_changes: [{ droplet_id: Number(id), removing: false, status: 'waiting' }],
    });
    const path = `/v2/firewalls/${at(reply.body, 'firewall.id')}`;
    await cloud().until(path, 'firewall.status', 'succeeded');
    await cloud().call(`DELETE /v2/droplets/${id}`);
    await cloud().untilGone(`/v2/droplets/${id}`);
    expect(at((await cloud().call(`GET ${path}`)).body, 'firewall.droplet_ids')).toEqual([]);
  });

  test('all ports are 0, and so are those of ICMP', async () => {
    const rules = [
      { ...inbound, ports: 'all' },
      { protocol: 'icmp', sources: inbound.sources },
    ];
    const { body } = await cloud().call('POST /v2/firewalls', { ...firewall, inbound_rules: rules });
    expect(at(body, 'firewall.inbound_rules')).toMatchObject([{ ports: '0' }, { ports: '0' }]);
  });

  test.each<[string, object]>([
    ['must have at least one rule', { inbound_rules: [] }],
    ['invalid ports', { inbound_rules: [{ ...inbound, ports: '9-1' }] }],
    ['invalid address', { inbound_rules: [{ ...inbound, sources: { addresses: ['10.0.0.0/33'] } }] }],
    ['a rule must have a source or destination', { inbound_rules: [{ ...inbound, sources: {} }] }],
    ['tag none does not exist', { tags: ['none'] }],
    ['tag none does not exist', { inbound_rules: [{ ...inbound, sources: { tags: ['none'] } }] }],
    ['droplet not found', { droplet_ids: [1] }],
    ['invalid name', { name: 'a b' }],
  ])('%s', async (message, wrong) => {
    const { status, body } = await cloud().call('POST /v2/firewalls', { ...firewall, ...wrong });
    expect(status).toBe(422);
    expect(at(body, 'message')).toContain(message);
  });

  test('a name is taken once', async () => {
    await cloud().call('POST /v2/firewalls', firewall);
    const { status, body } = await cloud().call('POST /v2/firewalls', firewall);
    expect([status, at(body, 'message')]).toEqual([409, 'duplicate name']);
  });
});

test('load balancers are new, then active with an address, and follow a tag', async () => {
  const rule = { entry_protocol: 'tcp', entry_port: 80, target_protocol: 'tcp', target_port: 8080 };
  const id = await cloud().activeDroplet({ ...droplet, tags: ['web'] });
  const balancer = { name: 'lb', region: 'nyc3', forwarding_rules: [rule], tag: 'web' };
  const reply = await cloud().call('POST /v2/load_balancers', balancer);
  expect(at(reply.body, 'load_balancer')).toMatchObject({ status: 'new', ip: '', size_unit: 1 });
  const path = `/v2/load_balancers/${at(reply.body, 'load_balancer.id')}`;
  await cloud().until(path, 'load_balancer.status', 'active');
  expect(at((await cloud().call(`GET ${path}`)).body, 'load_balancer')).toMatchObject({
    ip: '198.51.100.1',
    droplet_ids: [Number(id)],
    region: { slug: 'nyc3' },
    health_check: { protocol: 'http', port: 80, check_interval_seconds: 10 },
  });
  expect((await cloud().call('POST /v2/load_balancers', balancer)).status).toBe(422);
  expect((await cloud().call(`DELETE ${path}`)).status).toBe(204);
  await cloud().untilGone(path);
});

test('tags count what has them', async () => {
  const id = await cloud().activeDroplet();
  await cloud().call('POST /v2/tags', { name: 'web' });
  const resources = [{ resource_id: id, resource_type: 'droplet' }];
  expect((await cloud().call('POST /v2/tags/web/resources', { resources })).status).toBe(204);
  expect(at((await cloud().call('GET /v2/tags/web')).body, 'tag.resources.droplets.count')).toBe(1);
  expect(at((await cloud().call('GET /v2/droplets?tag_name=web')).body, 'meta.total')).toBe(1);
  expect((await cloud().call('DELETE /v2/tags/web/resources', { resources })).status).toBe(204);
  expect(at((await cloud().call('GET /v2/droplets?tag_name=web')).body, 'meta.total')).toBe(0);
  expect((await cloud().call('POST /v2/tags', { name: 'a b' })).status).toBe(400);
  expect((await cloud().call('DELETE /v2/tags/web')).status).toBe(204);
  expect((await cloud().call('GET /v2/tags/web')).status).toBe(404);
});

test('projects keep what is in them until it is moved', async () => {
  const urn = `do:droplet:${await cloud().activeDroplet()}`;
  const id = await cloud().create(
    '/v2/projects',
    { name: 'p', purpose: 'My own', environment: 'production' },
    'project',
  );
  expect(at((await cloud().call(`GET /v2/projects/${id}`)).body, 'project')).toMatchObject({
    purpose: 'Other: My own',
    environment: 'Production',
  });
  const { body } = await cloud().call(`POST /v2/projects/${id}/resources`, {
    resources: [urn, 'do:droplet:1'],
  });
  expect(at(body, 'resources')).toMatchObject([{ urn, status: 'assigned' }, { status: 'not_found' }]);
  const refusal = await cloud().call(`DELETE /v2/projects/${id}`);
  expect([refusal.status, at(refusal.body, 'id')]).toEqual([412, 'precondition_failed']);
  const usual = at((await cloud().call('GET /v2/projects/default')).body, 'project.id');
  await cloud().call(`POST /v2/projects/${usual}/resources`, { resources: [urn] });
  expect((await cloud().call(`DELETE /v2/projects/${id}`)).status).toBe(204);
});
