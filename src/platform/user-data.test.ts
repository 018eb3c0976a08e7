import { expect, test } from '@jest/globals';
import { renderCloudConfig } from '../../cloud-config/cloud-config.ts';
import { buildMachineConfig } from '../../cloud-config/first-boot.ts';
import { stackSchema } from '../config/schema.ts';
import { planCluster } from '../plan/plan.ts';
import { generateSshKey } from '../ssh/key-pair.ts';
import { packed, userDataProblems } from './user-data.ts';

const name = `w${'x'.repeat(38)}w`;
const machines = { core: { count: 1, etcd: true }, [name]: { count: 1 } };
const plan = planCluster('sizes', stackSchema.parse({ machines }));
const options = { prebuilt: false, emulated: true, metadataService: true };

test('what is longer than the cloud takes is named with both sizes', () => {
  const problems = userDataProblems(plan.machines, options, { cloud: 'Cirrus', limit: 1000 });
  expect(problems).toEqual([
    {
      path: 'flotilla:machines.core',
      problem: expect.stringMatching(/^the user data of core-1 has \d{4} bytes, and Cirrus takes 1000$/),
      fix: expect.any(String),
    },
    { path: `flotilla:machines.${name}`, problem: expect.any(String), fix: expect.any(String) },
  ]);
});

test.each([
  ['as they are', (text: string) => Buffer.from(text)],
  ['compressed', packed],
])('keys that are not there yet count as long as real ones, at least, %s', (_, pack) => {
  for (const machine of plan.machines) {
    const sshHostKey = generateSshKey(machine.name);
    const authorizedKey = generateSshKey(`flotilla-${'s'.repeat(100)}`).publicKey;
    const config = buildMachineConfig(machine, { authorizedKey, sshHostKey }, options);
    const { length } = pack(renderCloudConfig(config), machine.os);
    const limits = { cloud: 'Cirrus', limit: length - 1, pack };
    expect(userDataProblems([machine], options, limits)).toHaveLength(1);
  }
});

test.each([
  ['as it is', { limit: 16 * 1024 }],
  ['compressed', { limit: 6 * 1024, pack: packed }],
])('far below what clouds take, %s', (_, limits) => {
  expect(userDataProblems(plan.machines, options, { cloud: 'the smallest', ...limits })).toEqual([]);
});
