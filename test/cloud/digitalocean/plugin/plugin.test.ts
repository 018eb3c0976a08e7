import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Properties, unknownValue } from '../../../../src/provider/resource.ts';
import type { FakeMachines } from '../../fake-machines.ts';
import type { TestEngine } from '../../plugin/test-engine.ts';
import { publicKey } from '../../public-key.ts';
import type { Api, ApiOptions } from '../api.ts';
import { droplet, hurry, startEngine, startPlugin } from './test-plugin.ts';

let api: Api;
let engine: TestEngine;
let machines: FakeMachines;
let stop: () => Promise<void>;

async function start(options: ApiOptions = {}, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  ({ api, engine, machines, stop } = await startPlugin(options, environment));
}

beforeEach(() => start());
afterEach(() => stop());

describe('settings', () => {
  const account = { name: 'web' };

  test('the provider’s own come before the environment’s', async () => {
    const environment = { ...hurry, DIGITALOCEAN_API_URL: 'http://127.0.0.1:1', DIGITALOCEAN_TOKEN: 'wrong' };
    const other = await startEngine(environment, { apiEndpoint: api.url, token: api.token });
    expect((await other.create('Tag', 'web', account)).id).toBe('web');
    other.stop();
  });

  test('without a token the API refuses', async () => {
    const other = await startEngine({ ...hurry, DIGITALOCEAN_API_URL: api.url });
    await expect(other.create('Tag', 'web', account)).rejects.toThrow('401');
    other.stop();
  });

  test('without an endpoint nothing is called', async () => {
    await expect(startEngine({ DIGITALOCEAN_TOKEN: 'x' })).rejects.toThrow('set DIGITALOCEAN_API_URL');
  });

  test('how often is retried', async () => {
    await stop();
    await start({}, { DIGITALOCEAN_HTTP_RETRY_MAX: '0' });
    api.faults.add({ call: 'POST /v2/tags', effect: { answer: 500 } });
    await expect(engine.create('Tag', 'web', account)).rejects.toThrow('500');
  });
});

describe('every type', () => {
  const rule = { protocol: 'tcp', portRange: '22', sourceAddresses: ['192.0.2.0/24', '::/0'] };
  const forward = { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 8080 };

  test.each<[string, Properties, Properties]>([
    ['Vpc', { region: 'nyc3', ipRange: '10.10.0.0/24', description: 'ours' }, { default: false }],
    ['SshKey', { publicKey }, { fingerprint: expect.stringMatching(/^..:/) }],
    ['Tag', { name: 'web' }, { totalResourceCount: 0 }],
    ['Droplet', { ...droplet, tags: ['web'], ipv6: true, userData: 'x' }, { status: 'active', disk: 25 }],
    [
      'Firewall',
      {
        inboundRules: [{ protocol: 'icmp', sourceAddresses: ['::/0', '0.0.0.0/0'] }, rule],
        outboundRules: [{ protocol: 'udp', portRange: 'all', destinationAddresses: ['0.0.0.0/0'] }],
      },
      { createdAt: expect.any(String), pendingChanges: [] },
    ],
    [
      'LoadBalancer',
      {
        region: 'nyc3',
        forwardingRules: [forward],
        healthcheck: { protocol: 'tcp', port: 80 },
        dropletTag: 'web',
      },
      { status: 'active', ip: '198.51.100.1', sizeUnit: 1 },
    ],
    ['Project', { purpose: 'Fleet', environment: 'production' }, { ownerId: 258992, resources: [] }],
  ])('%s: made, the same after a refresh, gone', async (type, inputs, outputs) => {
    const made = await engine.create(type, 'thing', inputs);
    expect(made.outputs).toMatchObject(outputs);
    const seen = await engine.refresh(made);
    expect(seen?.inputs).toEqual(made.inputs);
    expect(await engine.diff(seen ?? made, inputs)).toMatchObject({ changed: [], replaces: [] });
    await engine.delete(made);
    while (api.inventory.names().some((name) => !name.startsWith('tag '))) await engine.refresh(made);
    expect(await engine.refresh(made)).toBeUndefined();
  });

  test('gets a name of its own where the program gives none, and keeps it', async () => {
    const made = await engine.create('Vpc', 'main', { region: 'nyc3' });
    expect(made.inputs.name).toMatch(/^main-[0-9a-f]{7}$/);
    expect((await engine.diff(made, { region: 'nyc3' })).changed).toEqual([]);
  });

  test('that is not known is named', async () => {
    await expect(engine.create('Moon', 'm', {})).rejects.toThrow(
      'no resource type digitalocean:index/moon:Moon',
    );
  });

  test('refuses an input that it does not know', async () => {
    await expect(engine.create('Tag', 'web', { name: 'web', colour: 'red' })).rejects.toThrow('"colour"');
  });

  test('a preview calls nothing', async () => {
    const outputs = await engine.preview('Droplet', 'core-1', { ...droplet, vpcUuid: unknownValue });
    expect(outputs).toMatchObject({ name: 'core-1', ipv4Address: unknownValue, status: unknownValue });
    expect(api.trace.entries).toEqual([]);
  });
});

describe('calls', () => {
  test('a key is looked for twice', async () => {
    await engine.create('SshKey', 'login', { publicKey });
    expect(api.trace.calls()).toEqual([
      'POST /v2/account/keys 201',
      'GET /v2/account/keys/:key 200',
      'GET /v2/account/keys/:key 200',
    ]);
  });

  test('a droplet is not looked at again once it is active', async () => {
    await engine.create('Droplet', 'core-1', droplet);
    expect(api.trace.calls()).toEqual(['POST /v2/droplets 202', 'GET /v2/droplets/:droplet 200']);
  });

  test('a droplet’s request has what the stock plugin sends', async () => {
    const key = await engine.create('SshKey', 'login', { publicKey });
    api.trace.clear();
    await engine.create('Droplet', 'core-1', {
      ...droplet,
      sshKeys: [key.id],
      tags: ['web'],
      userData: '#cloud-config',
      monitoring: true,
    });
    expect(api.trace.entries.find((entry) => entry.kind === 'call')).toMatchObject({
      body: {
        name: 'core-1',
        region: 'nyc3',
        size: 's-1vcpu-1gb',
        image: 'debian-13-x64',
        ssh_keys: [Number(key.id)],
        backups: false,
        ipv6: false,
        private_networking: false,
        monitoring: true,
        user_data: '#cloud-config',
        tags: ['web'],
      },
    });
  });

  test('size, name and tags change in place, in this order', async () => {
    const made = await engine.create('Droplet', 'core-1', { ...droplet, tags: ['a'] });
    api.trace.clear();
    const program = { ...droplet, name: 'core-9', size: 's-2vcpu-4gb', tags: ['b'], ipv6: true };
    expect((await engine.diff(made, program)).replaces).toEqual([]);
    const { outputs } = await engine.update(made, program);
    expect(outputs).toMatchObject({ name: 'core-9', size: 's-2vcpu-4gb', disk: 80, tags: ['b'], ipv6: true });
    const bodies = api.trace.entries.flatMap((entry) =>
      entry.kind === 'call' && entry.route.endsWith('/actions') ? [entry.body] : [],
    );
    expect(bodies).toEqual([
      { type: 'power_off' },
      { type: 'resize', size: 's-2vcpu-4gb', disk: true },
      { type: 'power_on' },
      { type: 'rename', name: 'core-9' },
      { type: 'enable_ipv6' },
    ]);
    expect(api.trace.calls('DELETE')).toEqual(['DELETE /v2/tags/:tag/resources 204']);
    expect(machines.named('core-1').boots).toBe(2);
  });

  test('a firewall and a load balancer are sent whole', async () => {
    const rule = { protocol: 'tcp', portRange: '22', sourceTags: ['web'] };
    await engine.create('Tag', 'web', { name: 'web' });
    const made = await engine.create('Firewall', 'fw', { inboundRules: [rule], tags: ['web'] });
    await engine.update(made, { inboundRules: [{ ...rule, portRange: '80' }] });
    const put = api.trace.entries.find((entry) => entry.kind === 'call' && entry.method === 'PUT');
    expect(put).toMatchObject({
      body: {
        inbound_rules: [{ protocol: 'tcp', ports: '80', sources: { tags: ['web'] } }],
        outbound_rules: [],
        droplet_ids: null,
        tags: [],
      },
    });
  });

  test('a load balancer’s check becomes one of HTTP in place', async () => {
    await engine.create('Tag', 'web', { name: 'web' });
    const rule = { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 8080 };
    const program = { region: 'fra1', dropletTag: 'web', forwardingRules: [rule] };
    const made = await engine.create('LoadBalancer', 'lb', {
      ...program,
      healthcheck: { protocol: 'tcp', port: 8080 },
    });
    const healthcheck = {
      ...{ protocol: 'http', port: 8403, path: '/services/app/8080' },
      ...{ checkIntervalSeconds: 3, responseTimeoutSeconds: 3, healthyThreshold: 2, unhealthyThreshold: 2 },
    };
    expect((await engine.diff(made, { ...program, healthcheck })).replaces).toEqual([]);
    const changed = await engine.update(made, { ...program, healthcheck });
    expect(changed.outputs.healthcheck).toEqual(healthcheck);
  });

  test('a project’s resources move to the default project before it goes', async () => {
    const machine = await engine.create('Droplet', 'core-1', droplet);
    const urn = machine.outputs.dropletUrn;
    const project = await engine.create('Project', 'p', { resources: [urn] });
    expect((await engine.refresh(project))?.outputs.resources).toEqual([urn]);
    const other = await engine.create('Project', 'q', {});
    const program = { project: other.id, resources: [urn] };
    const assigned = await engine.create('ProjectResources', 'r', program);
    expect(assigned.id).toBe(other.id);
    expect((await engine.refresh(project))?.outputs.resources).toEqual([]);
    for (const each of [assigned, other, project]) await engine.delete(each);
    expect(api.inventory.names()).toEqual(['droplet core-1']);
  });
});

describe('what replaces', () => {
  test.each<[string, Properties, boolean]>([
    ['userData', { userData: 'other' }, true],
    ['image', { image: 'debian-12-x64' }, true],
    ['region', { region: 'ams3' }, true],
    ['monitoring', { monitoring: true }, true],
    ['ipv6', { ipv6: false }, true],
    ['size', { size: 's-2vcpu-4gb' }, false],
    ['tags', { tags: ['web'] }, false],
  ])('a droplet’s %s', async (input, change, replaces) => {
    const program = { ...droplet, userData: 'one', ipv6: true };
    const made = await engine.create('Droplet', 'core-1', program);
    const diff = await engine.diff(made, { ...program, ...change });
    expect(diff.replaces).toEqual(replaces ? [input] : []);
    // A fixed name can't be had twice.
    expect(diff.deletesFirst).toBe(replaces);
  });

  test('without a fixed name, or with another one, the new one comes first', async () => {
    const { name: _, ...unnamed } = droplet;
    const automatic = await engine.create('Droplet', 'core-1', unnamed);
    expect((await engine.diff(automatic, { ...unnamed, userData: 'b' })).deletesFirst).toBe(false);
    const named = await engine.create('Droplet', 'core-2', droplet);
    const renamed = { ...droplet, name: 'core-9', userData: 'b' };
    expect((await engine.diff(named, renamed)).deletesFirst).toBe(false);
  });

  test('not what the program ignores', async () => {
    const made = await engine.create('Droplet', 'core-1', droplet);
    expect((await engine.diff(made, { ...droplet, userData: 'b' }, ['userData'])).changed).toEqual([]);
  });

  test('not the order of tags and rules', async () => {
    const rules = ['22', '80'].map((portRange) => ({
      protocol: 'tcp',
      portRange,
      sourceAddresses: ['::/0'],
    }));
    const made = await engine.create('Firewall', 'fw', { inboundRules: rules });
    expect((await engine.diff(made, { inboundRules: rules.toReversed() })).changed).toEqual([]);
  });
});

test('the state shows user data as SHA-1', async () => {
  const made = await engine.create('Droplet', 'core-1', { ...droplet, userData: '#cloud-config' });
  expect(made.outputs.userData).toBe(createHash('sha1').update('#cloud-config').digest('hex'));
  expect(machines.named('core-1').spec.userData).toBe('#cloud-config');
});
