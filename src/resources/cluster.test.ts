import { expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { stackSchema } from '../config/schema.ts';
import { planCluster } from '../plan/plan.ts';
import type { BootedMachine, Platform } from '../platform/platform.ts';
import { createCluster } from './cluster.ts';

const registered: pulumi.runtime.MockResourceArgs[] = [];

pulumi.runtime.setMocks({
  newResource(args) {
    registered.push(args);
    return { id: args.name, state: { ...args.inputs, machineId: `id of ${args.name}`, publicKey: 'KEY' } };
  },
  call: () => ({}),
});

/** A platform that is told its machines' addresses when they exist. */
const cloud: Platform = {
  async createMachines(plan) {
    const lifetime = new pulumi.ComponentResource('test:index:Network', 'network');
    const machines = plan.machines.map((machine, index): BootedMachine => {
      const resource = new pulumi.ComponentResource('test:index:Machine', machine.name);
      const given = pulumi.output(`10.9.0.${index + 1}`);
      return {
        plan: machine,
        resource,
        address: given,
        user: 'core',
        host: given,
        port: pulumi.output(22),
        incarnation: pulumi.output('1'),
        oneTimeHostKey: pulumi.output('ONE-TIME'),
      };
    });
    return { lifetime, machines, emulated: true, published: [] };
  },
};

test('etcd and agents are told the addresses that machines were given, and etcd whether CPUs are emulated', async () => {
  const spec = stackSchema.parse({ machines: { core: { count: 1, etcd: true }, worker: { count: 1 } } });
  const { agents } = await createCluster(planCluster('dev', spec), cloud);
  await new Promise((resolve) => agents.urn.apply(resolve));
  const inputsOf = (name: string) => registered.find((each) => each.name === name)?.inputs;
  expect(inputsOf('etcd')).toMatchObject({
    emulated: true,
    members: [{ name: 'core-1', address: '10.9.0.1' }],
  });
  expect(inputsOf('agents')).toMatchObject({
    machines: [
      { name: 'core-1', address: '10.9.0.1' },
      { name: 'worker-1', address: '10.9.0.2' },
    ],
  });
});
