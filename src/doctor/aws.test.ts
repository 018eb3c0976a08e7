import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { planChecks } from './checks.ts';
import { sampleSubject, told } from './sample-subject.ts';
import { stackConfigFile } from './stack-config.ts';

const example = readFileSync(stackConfigFile('aws'), 'utf8');

async function findings(text: string, environment: Record<string, string>): Promise<readonly string[]> {
  const checks = await planChecks(sampleSubject(text, { environment }));
  return told(checks.filter(({ what }) => ['instances', 'credentials'].includes(what)));
}

test('the example fits, and its credentials are found where the provider looks', async () => {
  expect(await findings(example, { AWS_PROFILE: 'staging' })).toEqual([
    expect.stringMatching(/^instances ok \d+ × t3\.\w+.* in [a-z0-9-]+, on 10\.77\.0\.0\/16$/),
    'credentials ok there are some',
  ]);
});

test('half a key pair, and a region that there is not, are said each by its own check', async () => {
  const text = example.replace(/aws:region: \S+/, 'aws:region: eu-central-9');
  expect(text).not.toBe(example);
  expect(await findings(text, { AWS_ACCESS_KEY_ID: 'AKIA' })).toEqual([
    expect.stringContaining('instances problem aws:region: eu-central-9 is no region that is known'),
    expect.stringContaining('credentials problem AWS_ACCESS_KEY_ID: is there without AWS_SECRET_ACCESS_KEY'),
  ]);
});
