import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { stackSchema } from '../config/schema.ts';
import { planChecks } from './checks.ts';
import { sampleSubject, told } from './sample-subject.ts';
import { stackConfigFile } from './stack-config.ts';

const platforms = stackSchema.shape.platform.unwrap().options;

const everywhere = ['node', 'pulumi', 'backend', 'clock', 'home'];

describe.each(platforms)('the plan for %s', (platform) => {
  const subject = sampleSubject(readFileSync(stackConfigFile(platform), 'utf8'));

  test('begins with what every platform needs, and has each name once', async () => {
    const names = (await planChecks(subject)).map(({ what }) => what);
    expect(names.slice(0, 6)).toEqual([...everywhere, 'config']);
    expect(names.length).toBeGreaterThan(6);
    expect(new Set(names).size).toBe(names.length);
  });

  test('says of each check why it matters and what to run, in one line', async () => {
    for (const { what, why, fix } of await planChecks(subject)) {
      expect([what, why, fix].filter((text) => text === '' || text.includes('\n'))).toEqual([]);
    }
  });

  test('is there without a stack as well, and names no file then', async () => {
    const alone = sampleSubject(undefined, { platform, platformAlone: true });
    const names = (await planChecks(alone)).map(({ what }) => what);
    expect(names.slice(0, 5)).toEqual(everywhere);
    expect(names).not.toContain('config');
  });
});

test('a cluster that is up adds its machines, at the end', async () => {
  const cluster = {
    machines: ['core-1', 'worker-1'].map((name) => ({ name, etcd: name === 'core-1' })),
    connect: () => Promise.reject(new Error('not asked')),
  };
  const checks = await planChecks(sampleSubject(undefined, { state: { kind: 'up', cluster } }));
  expect(checks.slice(-3).map(({ what }) => what)).toEqual(['stack', 'machine core-1', 'machine worker-1']);
});

describe('config', () => {
  const linesOf = async (text: string | undefined) => {
    const checks = await planChecks(sampleSubject(text));
    return told(checks.filter(({ what }) => what === 'config'));
  };

  test('is ok with the number of machines', async () => {
    const text = 'config: {flotilla:machines: {core: {count: 1, etcd: true}}}';
    expect(await linesOf(text)).toEqual(['config ok stacks/Pulumi.dev.yaml: 1 machine on local']);
  });

  test('that is missing is a warning, with the way to one', async () => {
    expect(await linesOf(undefined)).toEqual([
      'config warning there is no stacks/Pulumi.dev.yaml, so no machines are known' +
        ' → cp stacks/Pulumi.local.yaml stacks/Pulumi.dev.yaml',
    ]);
  });

  test('that can not be used shows every problem with its fix', async () => {
    const text = 'config:\n  flotilla:plattform: local\n  flotilla:machines: {core: {count: two}}\n';
    const lines = await linesOf(text);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/config problem flotilla:plattform: .*no setting.* → .*platform\?/);
    expect(lines.join('\n')).toMatch(/config problem flotilla:machines\.core\.count: /);
  });
});

describe('stack', () => {
  const linesOf = async (state: Parameters<typeof sampleSubject>[1]) => {
    const checks = await planChecks(sampleSubject(undefined, state));
    return told(checks.filter(({ what }) => what === 'stack'));
  };

  test('one that is not up yet is as it should be', async () => {
    expect(await linesOf({ state: { kind: 'down' } })).toEqual([
      'stack ok dev is not up; `npm run up -- --stack dev` brings it up',
    ]);
  });

  test('one whose state can not be read is a problem', async () => {
    expect(await linesOf({ state: { kind: 'unreadable', why: 'incorrect passphrase' } })).toEqual([
      'stack problem incorrect passphrase → npx pulumi stack output --stack dev',
    ]);
  });
});
