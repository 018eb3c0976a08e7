import { describe, expect, jest, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { answerOwn } from '../../test/contract/platform.ts';
import { known, type Provider, runProgram } from '../../test/contract/pulumi-program.ts';
import { stackSchema } from '../config/schema.ts';
import { planCluster } from '../plan/plan.ts';
import { answerFake, fakeBoot, fakePlatform } from '../platform/fake-platform.ts';
import { wholeStack } from '../platform/scope.ts';
import { createCluster } from './cluster.ts';
import { clusterOutputs } from './outputs.ts';

const core = { count: 3, etcd: true, metadata: { role: 'core' }, publish: { 8080: 80 } };
const plan = planCluster(
  'dev',
  stackSchema.parse({ machines: { core, worker: { count: 1, memory: 2048 } } }),
);

/** Outputs of Flotilla's own resources, by the last part of their type. */
const own: Readonly<Record<string, Record<string, unknown>>> = {
  Pki: { certificate: 'the certificate', privateKey: 'the key of the authority' },
  EtcdCluster: { endpoints: ['https://core-1.internal:2379'], health: { 'core-1': 'healthy' } },
};

const provider: Provider = (args) => {
  const kind = args.type.split(':').at(-1) ?? '';
  if (args.type.startsWith('fake:')) return answerFake(args);
  if (kind === 'SshKey') return answerOwn(args);
  const contact = { publicKey: `lasting key of ${args.name}`, machineId: `id of ${args.name}` };
  return { id: args.name, state: { ...args.inputs, ...(kind === 'HostKey' ? contact : own[kind]) } };
};

async function run() {
  const { result, registered } = await runProgram(async () => {
    const cluster = await createCluster(plan, fakePlatform(), wholeStack);
    return clusterOutputs(cluster, undefined);
  }, provider);
  const find = (kind: string, name?: string) =>
    registered.filter((each) => each.type.endsWith(`:${kind}`) && (name ?? each.name) === each.name);
  return { outputs: result, registered, find };
}

test('a system that was not tried is told of once, and a group with too little memory for it, whatever the number of machines', async () => {
  const warn = jest.spyOn(pulumi.log, 'warn').mockResolvedValue();
  await runProgram(() => createCluster({ ...plan, os: 'flatcar' }, fakePlatform(), wholeStack), provider);
  const caveat = "Flatcar was never booted by Flotilla's own tests; what was is docs/flatcar.md";
  expect(warn.mock.calls).toEqual([
    [caveat],
    ['flotilla:machines.core.memory: 1024 MiB is little for Flatcar; make it 2048 or more'],
  ]);
  warn.mockClear();
  await run();
  expect(warn).not.toHaveBeenCalled();
});

describe('a cluster', () => {
  test('every machine is met once, by its one-time key, and is called no more when it is gone', async () => {
    const { find } = await run();
    expect(find('HostKey').map((each) => each.name)).toEqual(plan.machines.map(({ name }) => name));
    for (const { name, inputs, deletedWith } of find('HostKey')) {
      expect(deletedWith).toBe(find('Machine', name)[0]?.urn);
      expect(inputs).toMatchObject({
        machine: name,
        host: `${name}.fake.test`,
        platform: 'local',
        port: 22,
        user: 'core',
        incarnation: `${name}-life-1`,
        oneTimeHostKey: expect.stringContaining(`${name}-first-contact`),
      });
    }
  });

  test('etcd is told of its members, agents of all machines, by their lasting keys', async () => {
    const { find } = await run();
    const [etcd, agents] = [...find('EtcdCluster'), ...find('Agents')];
    const machine = (name: string) => ({
      name,
      id: `id of ${name}`,
      address: `${name}.internal`,
      host: `${name}.fake.test`,
      hostKey: `lasting key of ${name}`,
    });
    expect(etcd?.inputs.emulated).toBe(fakeBoot.emulated);
    expect(etcd?.inputs.members).toMatchObject(['core-1', 'core-2', 'core-3'].map(machine));
    expect(agents?.inputs.machines).toMatchObject(['core-1', 'core-2', 'core-3', 'worker-1'].map(machine));
    expect(agents?.inputs).toMatchObject({ endpoints: own.EtcdCluster?.endpoints });
  });

  test('agents say what the platform knows of their machines, and what the config says before it', async () => {
    const { find } = await run();
    const [agents] = find('Agents');
    expect(agents?.inputs.machines).toMatchObject([
      ...['core-1', 'core-2', 'core-3'].map((name) => ({
        metadata: { role: 'core', rack: `rack of ${name}.fake.test` },
      })),
      { metadata: { role: 'none', rack: 'rack of worker-1.fake.test' } },
    ]);
  });

  test('what runs on the machines goes with what lives as long as they do, unasked', async () => {
    const { find } = await run();
    const [network] = find('Network');
    for (const { deletedWith } of [...find('EtcdCluster'), ...find('Agents')])
      expect(deletedWith).toBe(network?.urn);
  });

  test('private keys are no input that the state shows', async () => {
    const { registered } = await run();
    for (const { type, inputs, secrets } of registered) {
      const open = Object.entries(inputs).filter(([key]) => !secrets.includes(key));
      expect([type, JSON.stringify(open)]).toEqual([type, expect.not.stringContaining('PRIVATE KEY')]);
    }
  });
});

describe('outputs', () => {
  test('name the machines, their addresses, and where published ports answer', async () => {
    const { outputs } = await run();
    expect(await known(outputs.machines)).toEqual(
      Object.fromEntries(plan.machines.map(({ name }) => [name, `${name}.internal`])),
    );
    expect(await known(outputs.published)).toEqual(['http://fake.test:8080']);
    expect(await known(outputs.etcd)).toEqual({ 'core-1': 'healthy' });
    expect(outputs.units).toEqual({});
  });

  test('say in secret how to reach them', async () => {
    const { outputs } = await run();
    const { privateKey, machines } = await known(outputs.connection);
    expect(privateKey).toContain('login');
    expect(machines).toHaveLength(4);
    expect(machines[3]).toEqual({
      name: 'worker-1',
      platform: 'local',
      id: 'id of worker-1',
      address: 'worker-1.internal',
      host: 'worker-1.fake.test',
      port: 22,
      user: 'core',
      hostKey: 'lasting key of worker-1',
      etcd: false,
    });
    expect(await pulumi.isSecret(outputs.connection)).toBe(true);
  });
});
