import { expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { SshKey } from '../platform/ssh-key.ts';
import { Pki } from './pki.ts';

pulumi.runtime.setMocks({
  newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
  call: ({ inputs }) => inputs,
});

/** What the engine is told to keep encrypted of the resource that `create` declares. */
async function secretOutputs(create: (opts: pulumi.CustomResourceOptions) => pulumi.Resource) {
  let told: string[] | undefined;
  const listen: pulumi.ResourceTransformation = ({ opts }) => {
    const { additionalSecretOutputs }: pulumi.CustomResourceOptions = opts;
    told = additionalSecretOutputs;
    return undefined;
  };
  const resource = create({ transformations: [listen] });
  await new Promise((resolve) => resource.urn.apply(resolve));
  return told;
}

test.each<[string, (opts: pulumi.CustomResourceOptions) => pulumi.Resource]>([
  ['the authority', (opts) => new Pki('pki', { commonName: 'flotilla test', names: 'machines' }, opts)],
  [
    'the authority for services',
    (opts) => new Pki('services-pki', { commonName: 'flotilla test services', names: 'services' }, opts),
  ],
  ['a login', (opts) => new SshKey('login', { comment: 'flotilla-test' }, opts)],
])('the private key of %s is encrypted in the state', async (_, create) => {
  expect(await secretOutputs(create)).toEqual(['privateKey']);
});
