import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { stringify } from 'yaml';
import { known } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { sudoersPath } from '../../hosts/wanted.ts';
import { hostSystems, type OperatingSystem } from '../../model/operating-system.ts';
import { planCluster } from '../../plan/plan.ts';
import { meet } from '../../resources/machine.ts';
import { wholeStack } from '../scope.ts';
import { hostsPlatform } from './index.ts';
import { wantedHost } from './machines.ts';

const hostKey = `SHA256:${'a'.repeat(43)}`;
const plan = planCluster(
  'dev',
  stackSchema.parse({
    platform: 'hosts',
    machines: { core: { count: 1, etcd: true }, worker: { count: 1 } },
    hosts: {
      machines: {
        core: [{ address: 'core.example.org', user: 'admin', hostKey, clusterAddress: '10.0.0.5' }],
        worker: [
          { address: '10.0.0.6', port: 2222, hostKey },
          { address: '10.0.0.7', hostKey },
        ],
      },
    },
    proxyJump: { address: '203.0.113.9', user: 'jump', hostKey },
  }),
);
/** What the hosts were found to run. */
let systems: Record<string, OperatingSystem> = {};
const registered: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource(args) {
      registered.push(args);
      const found = { emulated: true, systems, machineId: 'a'.repeat(32), provedKey: 'ssh-ed25519 AAAA' };
      return { id: args.name, state: { ...args.inputs, ...found } };
    },
    call: () => ({}),
  }),
);

test('each machine of the plan is its host, at the address where the others reach it, and is met already', async () => {
  const key = pulumi.output('key');
  const { lifetime, machines, published } = await hostsPlatform.createMachines(plan, key, key, wholeStack);
  expect(machines.map((each) => each.plan.name)).toEqual(['core-1', 'worker-1']);
  expect(machines.map(({ address }) => address)).toEqual(['10.0.0.5', '10.0.0.6']);
  const [core] = machines;
  if (!core) throw new Error('there is no machine');
  const access = meet(core, plan, key, wholeStack);
  expect(await known(access.id)).toBe('a'.repeat(32));
  expect(await known(access.hostKey)).toBe('ssh-ed25519 AAAA');
  expect(access.user).toBe('core');
  expect(access.platform).toBe('hosts');
  expect(published).toEqual([]);
  expect(await known(lifetime.urn)).toContain('flotilla:hosts:Network');
  const types = registered.map(({ type }) => type);
  expect(types.sort()).toEqual([
    'flotilla:hosts:Machine',
    'flotilla:hosts:Machine',
    'flotilla:hosts:Network',
  ]);
  expect(registered.find(({ name }) => name === 'network')?.inputs.hosts).toMatchObject([
    { name: 'core-1', address: 'core.example.org', path: 'flotilla:hosts.machines.core.0', etcd: true },
    {
      name: 'worker-1',
      address: '10.0.0.6',
      port: 2222,
      user: 'root',
      path: 'flotilla:hosts.machines.worker.0',
    },
  ]);
});

/** Golden documents: `UPDATE_GOLDEN=1 npm run check` writes them anew, to be read before they are committed. */
describe.each(hostSystems)('a host with %s', (os) => {
  test.each(['core-1', 'worker-1'])('is to have what stands in the golden document of %s', (name) => {
    const machine = plan.machines.find((each) => each.name === name);
    if (!machine) throw new Error(`the plan has no ${name}`);
    const path = join('test', 'golden', `${name}-${os}-host.yaml`);
    const text = stringify(wantedHost({ ...machine, os }, false), { lineWidth: 0 });
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });
});

test('all look and all work goes by the bastion', () => {
  const proxyJump = { address: '203.0.113.9', port: 22, user: 'jump', hostKey, inCluster: false };
  const inputsOf = (type: string) =>
    registered.filter((each) => each.type === type).map(({ inputs }) => inputs);
  expect(inputsOf('flotilla:hosts:Network')).toMatchObject([{ hosts: [{ proxyJump }, { proxyJump }] }]);
  expect(inputsOf('flotilla:hosts:Machine')).toMatchObject([{ proxyJump }, { proxyJump }]);
});

test('a host without etcd gets no server of it, and none gets a key from its config', () => {
  const [core, worker] = plan.machines.map((machine) => wantedHost(machine, false));
  expect(core?.packages).toContain('etcd-server');
  expect(worker?.packages).not.toContain('etcd-server');
  expect(worker?.units.map(({ name }) => name)).toEqual(['docker.service', 'flotilla-agent.path']);
  expect(core?.units).toContainEqual({ name: 'etcd.service', waits: true });
  expect(core?.files.find(({ path }) => path === sudoersPath)?.mode).toBe('0440');
  expect(JSON.stringify(core)).not.toContain('PRIVATE KEY');
});

test('a host is given what belongs to the system that it was found to run', async () => {
  registered.splice(0);
  systems = { 'core-1': 'debian-12' };
  const key = pulumi.output('key');
  const { machines } = await hostsPlatform.createMachines(plan, key, key, wholeStack);
  await known(pulumi.output(machines.map(({ resource }) => resource.urn)));
  expect(await known(pulumi.output(machines.map(({ os }) => os)))).toEqual(['debian-12', 'debian-13']);
  const packages = registered
    .filter(({ type }) => type === 'flotilla:hosts:Machine')
    .map(({ name, inputs }) => [name, inputs.wanted.packages.includes('docker-cli')]);
  expect(Object.fromEntries(packages)).toEqual({ 'core-1': false, 'worker-1': true });
});
