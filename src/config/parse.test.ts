import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { parseConfig } from './parse.ts';

const core = { count: 3, etcd: true };

/** What Pulumi hands to the program: objects and numbers as JSON text. */
function pulumiConfig(config: Record<string, unknown>): Record<string, string> {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [`flotilla:${key}`, text(value)]));
}

function problemsOf(config: Record<string, unknown>): readonly Problem[] {
  try {
    parseConfig(pulumiConfig(config));
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

function droplets(settings: object, machines: object = { core }): Record<string, unknown> {
  const digitalocean = { region: 'fra1', sshFrom: ['203.0.113.7/32'], ...settings };
  return { platform: 'digitalocean', machines, digitalocean };
}

/** config, path of the problem, words of the problem, words of the fix */
const malformed: [string, Record<string, unknown>, string, RegExp, RegExp][] = [
  ['no machines at all', {}, 'flotilla:machines', /missing/, /names and values/],
  ['no groups', { machines: {} }, 'flotilla:machines', /cannot be used/, /at least one group/],
  ['machines as a list', { machines: [core] }, 'flotilla:machines', /wrong type/, /names and values/],
  ['machines as text', { machines: 'three' }, 'flotilla:machines', /wrong type/, /names and values/],
  ['broken JSON', { machines: '{"core":' }, 'flotilla:machines', /wrong type/, /names and values/],
  [
    'unknown setting',
    { machines: { core }, plattform: 'local' },
    'flotilla:plattform',
    /no setting/,
    /platform\?/,
  ],
  [
    'unknown setting, no guess',
    { machines: { core }, zone: 'a' },
    'flotilla:zone',
    /no setting/,
    /known here: platform/,
  ],
  [
    'unknown group key',
    { machines: { core: { ...core, cuont: 1 } } },
    'flotilla:machines.core.cuont',
    /no setting/,
    /count\?/,
  ],
  [
    'group as a number',
    { machines: { core: 3 } },
    'flotilla:machines.core',
    /3 is of the wrong type/,
    /keys and values; known here: count, etcd/,
  ],
  [
    'no count',
    { machines: { core: { etcd: true } } },
    'flotilla:machines.core.count',
    /missing/,
    /whole number/,
  ],
  [
    'negative count',
    { machines: { core, w: { count: -1 } } },
    'flotilla:machines.w.count',
    /-1 is too small/,
    /0 or more/,
  ],
  [
    'count as text',
    { machines: { core, w: { count: 'two' } } },
    'flotilla:machines.w.count',
    /"two"/,
    /whole number/,
  ],
  [
    'half a machine',
    { machines: { core, w: { count: 1.5 } } },
    'flotilla:machines.w.count',
    /1.5/,
    /whole number/,
  ],
  [
    'a folder without a name',
    { machines: { core }, units: [''] },
    'flotilla:units.0',
    /is empty/,
    /take it away/,
  ],
  [
    'huge count',
    { machines: { core, w: { count: 5000 } } },
    'flotilla:machines.w.count',
    /too large/,
    /200 or less/,
  ],
  [
    'even etcd count',
    { machines: { core: { count: 2, etcd: true } } },
    'flotilla:machines.core.count',
    /2 machines/,
    /1, 3, 5 or 7/,
  ],
  [
    'etcd count of zero',
    { machines: { core: { count: 0, etcd: true } } },
    'flotilla:machines.core.count',
    /0 machines/,
    /1, 3/,
  ],
  [
    'nine etcd members',
    { machines: { core: { count: 9, etcd: true } } },
    'flotilla:machines.core.count',
    /9 machines/,
    /7/,
  ],
  [
    'etcd members of a second generation',
    { machines: { core: { ...core, generation: 2 } } },
    'flotilla:machines.core.generation',
    /replace etcd members/,
    /leave it at 1/,
  ],
  ['no etcd', { machines: { w: { count: 1 } } }, 'flotilla:machines', /no group has etcd/, /etcd: true/],
  [
    'etcd as text',
    { machines: { core: { count: 1, etcd: 'yes' } } },
    'flotilla:machines.core.etcd',
    /"yes"/,
    /true or false/,
  ],
  [
    'upper-case name',
    { machines: { Core: core } },
    'flotilla:machines.Core',
    /"Core" is not allowed/,
    /DNS label/,
  ],
  [
    'underscore in a name',
    { machines: { core, my_group: { count: 1 } } },
    'flotilla:machines.my_group',
    /not allowed/,
    /DNS label/,
  ],
  [
    'name that is too long',
    { machines: { core, ['a'.repeat(41)]: { count: 1 } } },
    `flotilla:machines.${'a'.repeat(41)}`,
    /not allowed/,
    /40/,
  ],
  [
    'name ends in a dash',
    { machines: { core, 'web-': { count: 1 } } },
    'flotilla:machines.web-',
    /not allowed/,
    /DNS label/,
  ],
  [
    'unknown platform',
    { machines: { core }, platform: 'gcp' },
    'flotilla:platform',
    /"gcp" is not known/,
    /local/,
  ],
  ['unknown os', { machines: { core }, os: 'debian-11' }, 'flotilla:os', /"debian-11"/, /debian-13/],
  [
    'image without a digest',
    { machines: { core }, image: { url: 'https://example.org/a.qcow2' } },
    'flotilla:image.sha512',
    /missing/,
    /text/,
  ],
  [
    'image as text',
    { machines: { core }, image: 'https://example.org/a.qcow2' },
    'flotilla:image',
    /wrong type/,
    /keys and values; known here: url, sha512/,
  ],
  [
    'unknown key of an image',
    { machines: { core }, image: { uri: 'https://example.org/a.qcow2' } },
    'flotilla:image.uri',
    /no setting/,
    /url\?/,
  ],
  [
    'image from a file',
    { machines: { core }, image: { url: 'file:///a', sha512: 'a'.repeat(128) } },
    'flotilla:image.url',
    /file/,
    /http/,
  ],
  [
    'platform settings as text',
    { machines: { core }, local: 'cold' },
    'flotilla:local',
    /"cold" is of the wrong type/,
    /keys and values; known here: image, start/,
  ],
  [
    'unknown platform setting',
    { machines: { core }, local: { strat: 'cold' } },
    'flotilla:local.strat',
    /no setting/,
    /start\?/,
  ],
  [
    'unknown start',
    { machines: { core }, local: { start: 'lukewarm' } },
    'flotilla:local.start',
    /"lukewarm" is not known/,
    /warm or cold/,
  ],
  [
    'start in both places',
    { machines: { core }, start: 'cold', local: { start: 'warm' } },
    'flotilla:start',
    /"cold" is said again in flotilla:local\.start: "warm"/,
    /keep flotilla:local\.start alone/,
  ],
  [
    'no CIDR',
    { machines: { core }, network: '10.77.0.0' },
    'flotilla:network',
    /cannot be used/,
    /10\.77\.0\.0\/16/,
  ],
  ['public range', { machines: { core }, network: '8.8.0.0/16' }, 'flotilla:network', /private/, /10\.77/],
  [
    'host bits set',
    { machines: { core }, network: '10.77.0.1/16' },
    'flotilla:network',
    /host bits/,
    /10\.77/,
  ],
  ['octet of 999', { machines: { core }, network: '10.999.0.0/16' }, 'flotilla:network', /private/, /10\.77/],
  [
    'range too small',
    { machines: { core }, network: '10.77.0.0/25' },
    'flotilla:network',
    /holds 0/,
    /widen/,
  ],
  [
    'too few subnets',
    { machines: { core, w: { count: 1 } }, network: '10.77.0.0/24' },
    'flotilla:network',
    /holds 1/,
    /widen/,
  ],
  [
    'subnet outside',
    { machines: { core: { ...core, subnet: 300 } } },
    'flotilla:machines.core.subnet',
    /outside.*0 to 255/,
    /choose one/,
  ],
  [
    'two groups in one subnet',
    { machines: { core: { ...core, subnet: 1 }, w: { count: 1, subnet: 1 } } },
    'flotilla:machines.w.subnet',
    /same \/24/,
    /subnet:/,
  ],
  [
    'too little memory',
    { machines: { core: { ...core, memory: 64 } } },
    'flotilla:machines.core.memory',
    /64 is too small/,
    /512/,
  ],
  [
    'no cpu',
    { machines: { core: { ...core, cpus: 0 } } },
    'flotilla:machines.core.cpus',
    /0 is too small/,
    /1 or more/,
  ],
  [
    'space in metadata',
    { machines: { core: { ...core, metadata: { rack: 'a b' } } } },
    'flotilla:machines.core.metadata.rack',
    /"a b"/,
    /white space/,
  ],
  [
    'metadata as a list',
    { machines: { core: { ...core, metadata: ['ssd'] } } },
    'flotilla:machines.core.metadata',
    /wrong type/,
    /names and values/,
  ],
  [
    'published port of zero',
    { machines: { core: { ...core, publish: { 8080: 0 } } } },
    'flotilla:machines.core.publish.8080',
    /too small/,
    /1 or more/,
  ],
  [
    'published port by name',
    { machines: { core: { ...core, publish: { http: 80 } } } },
    'flotilla:machines.core.publish.http',
    /not allowed/,
    /port number/,
  ],
  [
    'published port beyond',
    { machines: { core: { ...core, publish: { 70000: 80 } } } },
    'flotilla:machines.core.publish.70000',
    /no port/,
    /65535/,
  ],
  [
    'port published twice',
    { machines: { core: { ...core, publish: { 80: 80 } }, w: { count: 1, publish: { 80: 81 } } } },
    'flotilla:machines.w.publish.80',
    /already/,
    /another/,
  ],
  [
    'droplets without a word about them',
    { platform: 'digitalocean', machines: { core } },
    'flotilla:digitalocean',
    /is missing/,
    /region and sshFrom.*Pulumi\.digitalocean\.yaml/,
  ],
  [
    'droplets without a region',
    droplets({ region: undefined }),
    'flotilla:digitalocean.region',
    /is missing/,
    /use ams3 or .*fra1 or/,
  ],
  [
    'droplets in a region that is not known',
    droplets({ region: 'fra2' }),
    'flotilla:digitalocean.region',
    /"fra2" is not known/,
    /fra1/,
  ],
  [
    'droplets that nobody may reach',
    droplets({ sshFrom: undefined }),
    'flotilla:digitalocean.sshFrom',
    /is missing/,
    /203\.0\.113\.7\/32.*curl -4.*says what yours is/,
  ],
  [
    'droplets that no address may reach',
    droplets({ sshFrom: [] }),
    'flotilla:digitalocean.sshFrom',
    /too small/,
    /1 or more/,
  ],
  [
    'an address by name',
    droplets({ sshFrom: ['203.0.113.7', 'office'] }),
    'flotilla:digitalocean.sshFrom.1',
    /"office"/,
    /an address or a range/,
  ],
  [
    'a size for a group that is not there',
    droplets({ sizes: { croe: 's-1vcpu-2gb' } }),
    'flotilla:digitalocean.sizes.croe',
    /no group croe/,
    /core\?/,
  ],
  [
    'a subnet where the cloud gives addresses',
    droplets({}, { core: { ...core, subnet: 3 } }),
    'flotilla:machines.core.subnet',
    /digitalocean gives out itself/,
    /take it out/,
  ],
  [
    'droplets in a public range',
    { ...droplets({}), network: '8.8.0.0/16' },
    'flotilla:network',
    /private/,
    /10\.77/,
  ],
  [
    'words for droplets beside another platform',
    { ...droplets({}), platform: 'local' },
    'flotilla:digitalocean',
    /for the platform digitalocean/,
    /set flotilla:platform to digitalocean/,
  ],
  ['units as text', { machines: { core }, units: 'units/hello' }, 'flotilla:units', /wrong type/, /a list/],
];

describe('malformed stack config', () => {
  test.each(malformed)('%s', (_, config, path, problem, fix) => {
    const found = problemsOf(config).find((candidate) => candidate.path === path);
    expect(problemsOf(config).map((each) => each.path)).toContain(path);
    expect(found?.problem).toMatch(problem);
    expect(found?.fix).toMatch(fix);
  });

  test('all problems come in one report', () => {
    const problems = problemsOf({
      platform: 'gcp',
      os: 'dos',
      machines: { Core: core, w: { count: 'x', foo: 1 } },
    });
    expect(problems.map((problem) => problem.path).sort()).toEqual([
      'flotilla:machines.Core',
      'flotilla:machines.w.count',
      'flotilla:machines.w.foo',
      'flotilla:os',
      'flotilla:platform',
    ]);
  });

  test('an unknown setting does not hide what is wrong with the others', () => {
    const problems = problemsOf({
      plattform: 'local',
      machines: { core: { count: 2, etcd: true, cuont: 1 } },
    });
    expect(problems.map((problem) => problem.path).sort()).toEqual([
      'flotilla:machines.core.count',
      'flotilla:machines.core.cuont',
      'flotilla:plattform',
    ]);
  });

  test('any JSON gives a config or a report, never another error', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (config, machines) => {
        problemsOf({ ...config, machines });
      }),
    );
  });
});

describe('where the cloud gives the addresses', () => {
  test('groups need no /24 of their own', () => {
    const machines = { core, web: { count: 2 }, db: { count: 2 } };
    expect(problemsOf({ ...droplets({}, machines), network: '192.168.64.0/24' })).toEqual([]);
    expect(problemsOf({ machines, network: '192.168.64.0/24' })).toHaveLength(1);
  });
});

test('keys of other namespaces belong to others', () => {
  const config = { ...pulumiConfig({ machines: { core } }), 'aws:region': 'eu-central-1' };
  expect(parseConfig(config).machines.core?.count).toBe(3);
});
