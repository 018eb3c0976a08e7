import { beforeEach, expect, test } from '@jest/globals';
import { FakeProbes } from './fake-probes.ts';
import { pluginChecks } from './plugin.ts';
import { sampleSubject, told } from './sample-subject.ts';

let probes: FakeProbes;
beforeEach(() => {
  probes = new FakeProbes();
});

const lines = (platform: 'aws' | 'digitalocean' | 'local' | 'hosts' = 'aws') =>
  told(pluginChecks(sampleSubject(undefined, { platform })), probes);

test.each(['aws', 'digitalocean'] as const)('the plugin of %s is there', async (platform) => {
  expect(await lines(platform)).toEqual([
    expect.stringMatching(new RegExp(`^plugin ok ${platform} [\\d.]+, as package\\.json pins it$`)),
  ]);
});

test.each(['local', 'hosts'] as const)('%s needs none', async (platform) => {
  expect(await lines(platform)).toEqual([]);
});

test.each([
  ['no plugin', '[]'],
  ['another version', '[{"name": "aws", "kind": "resource", "version": "7.21.0"}]'],
  ['a plugin of another kind', '[{"name": "aws", "kind": "language", "version": "VERSION"}]'],
])('with %s it is to be installed, and how', async (_, listed) => {
  probes.files.set('package.json', '{"dependencies": {"@pulumi/aws": "7.48.0"}}');
  probes.programs.set('pulumi plugin ls --json', { stdout: listed.replace('VERSION', '7.48.0') });
  expect(await lines()).toEqual([
    'plugin warning aws 7.48.0 is not installed yet; the first `npm run up` does it → npx pulumi plugin install resource aws 7.48.0',
  ]);
});

test('one that Pulumi.yaml names, or that is on PATH, is taken', async () => {
  probes.programs.set('pulumi plugin ls --json', { stdout: '[]' });
  probes.programs.set('sh', { stdout: '/usr/local/bin/pulumi-resource-aws\n' });
  expect(await lines()).toEqual(['plugin ok aws: /usr/local/bin/pulumi-resource-aws, found on PATH']);
  probes.files.set('Pulumi.yaml', 'plugins: {providers: [{name: aws, path: cloud}]}\n');
  expect(await lines()).toEqual(['plugin ok aws: the one that Pulumi.yaml names']);
});

test('without a Pulumi CLI it waits for that', async () => {
  const said = { status: 1, stderr: 'There is no Pulumi CLI for this clone yet.' };
  probes.programs.set('pulumi plugin ls --json', said);
  probes.programs.set('pulumi version', said);
  expect(await lines()).toEqual([
    'plugin warning not asked, since there is no Pulumi CLI that runs → mend pulumi first',
  ]);
});
