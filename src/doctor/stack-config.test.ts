import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readStackConfig, stackConfigFile } from './stack-config.ts';

const core = '{core: {count: 1, etcd: true}}';

describe('readStackConfig', () => {
  test.each(['local', 'digitalocean', 'hosts'] as const)('takes the example of %s', (platform) => {
    const config = readStackConfig(platform, readFileSync(stackConfigFile(platform), 'utf8'));
    expect(config).toMatchObject({ platform, problems: [], file: `stacks/Pulumi.${platform}.yaml` });
    expect(config.plan?.machines).toHaveLength(3);
    expect(config.plan?.name).toBe(platform);
  });

  test('a name of organization and project leads to the same file and folder', () => {
    expect(stackConfigFile('ada/flotilla/prod')).toBe('stacks/Pulumi.prod.yaml');
    expect(readStackConfig('ada/flotilla/prod', `config: {flotilla:machines: ${core}}`).plan?.name).toBe(
      'prod',
    );
  });

  test('what is encrypted is known by its key alone', () => {
    const text = `secretsprovider: awskms://k\nconfig:\n  digitalocean:token: {secure: v1:abc}\n  digitalocean:apiEndpoint: http://x\n  flotilla:machines: ${core}\n`;
    const config = readStackConfig('dev', text);
    expect(config).toMatchObject({
      encrypted: ['digitalocean:token'],
      secretsProvider: 'awskms://k',
      problems: [],
    });
    expect(config.values['digitalocean:apiEndpoint']).toBe('http://x');
    expect(JSON.stringify(config)).not.toContain('v1:abc');
  });

  test('all problems of a config are told, and the platform that it names is kept', () => {
    const text = `config:\n  flotilla:platform: hosts\n  flotilla:machines: {core: {cuont: 1}}\n  flotilla:zone: a\n`;
    const { plan, platform, problems } = readStackConfig('dev', text);
    expect(plan).toBeUndefined();
    expect(platform).toBe('hosts');
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'flotilla:zone',
        'flotilla:machines.core.cuont',
        'flotilla:machines.core.count',
      ]),
    );
  });

  test.each([
    ['', 'flotilla:machines'],
    ['config: {flotilla:platform: nowhere}', 'flotilla:platform'],
    ['config: [', 'stacks/Pulumi.dev.yaml'],
    ['config: []', 'stacks/Pulumi.dev.yaml'],
    ['just text', 'stacks/Pulumi.dev.yaml'],
  ])('%j is a problem, and counts as local', (text, path) => {
    const config = readStackConfig('dev', text);
    expect(config.platform).toBe('local');
    expect(config.problems).toContainEqual(expect.objectContaining({ path }));
    expect(config.problems.map(({ problem }) => problem).join('')).not.toContain('\n');
  });
});
