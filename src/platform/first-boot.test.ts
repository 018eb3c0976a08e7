import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { renderCloudConfig } from '../../cloud-config/cloud-config.ts';
import { known } from '../../test/contract/pulumi-program.ts';
import { stackSchema } from '../config/schema.ts';
import { type MachinePlan, planCluster } from '../plan/plan.ts';
import { firstBoot, machineLife } from './first-boot.ts';
import { wholeStack } from './scope.ts';

const operator = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOPERATOR operator';
const hostKey = {
  privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nONE-TIME\n-----END OPENSSH PRIVATE KEY-----\n',
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIONETIME core-1',
};
const registered: pulumi.runtime.MockResourceArgs[] = [];

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource(args) {
      registered.push(args);
      return { id: args.name, state: hostKey };
    },
    call: () => ({}),
  }),
);

/** The machine of the golden documents. */
function core1(): MachinePlan {
  const core = { count: 3, etcd: true, metadata: { role: 'core' }, publish: { 8080: 80 } };
  const [machine] = planCluster('golden', stackSchema.parse({ machines: { core } })).machines;
  if (!machine) throw new Error('the golden plan has no machine');
  return machine;
}

test('the config and a host key of its own: user data is the golden document, byte for byte', async () => {
  const { config, oneTimeHostKey } = firstBoot(
    core1(),
    pulumi.output(operator),
    { prebuilt: true, emulated: true },
    wholeStack,
  );
  const userData = await known(config.apply(renderCloudConfig));
  expect(userData).toBe(readFileSync('test/golden/core-debian-13-prebuilt.yaml', 'utf8'));
  expect(await known(oneTimeHostKey)).toBe(hostKey.publicKey);
  expect(registered).toMatchObject([
    { type: 'flotilla:index:SshKey', name: 'core-1-first-contact', inputs: { comment: 'core-1' } },
  ]);
});

test('the generation alone makes a new machine', () => {
  expect(machineLife({ ...core1(), generation: 2 }, ['image', 'config'])).toEqual({
    ignoreChanges: ['image', 'config'],
    replacementTrigger: 2,
  });
});
