import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseConfig } from '../config/parse.ts';
import { InvalidInput } from '../model/problem.ts';
import { planCluster } from '../plan/plan.ts';
import { preflight as aws } from './aws/preflight.ts';
import { preflight as digitalocean } from './digitalocean/preflight.ts';
import { askedHost } from './hosts/asked-host.ts';

/** What every object answers to, whoever made it, and names like them. */
const inherited = fc.constantFrom(
  ...Object.getOwnPropertyNames(Object.prototype),
  ...['prototype', 'name', 'length', 'then', 'worker', 'toJSON'],
);

const asHost = (last: number) => ({ address: `10.0.0.${last}`, hostKey: `SHA256:${'a'.repeat(43)}` });

/** An object that has the name itself, as JSON makes it: `{[name]: …}` would not, of `__proto__`. */
const named = (name: string, value: unknown): object =>
  JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`);

/** A config in which somebody's name stands wherever one may. */
const configs = fc.record({
  platform: fc.constantFrom('local', 'aws', 'digitalocean', 'hosts'),
  group: fc.option(inherited),
  size: fc.option(inherited),
  list: fc.option(inherited),
  metadata: fc.option(inherited),
  image: fc.option(inherited),
  setting: fc.option(inherited),
});

type Names = typeof configs extends fc.Arbitrary<infer T> ? T : never;

function written({ platform, group, size, list, metadata, image, setting }: Names): Record<string, string> {
  const core = { count: 1, etcd: true, metadata: metadata === null ? {} : named(metadata, 'x') };
  const machines = [{ core }, group === null ? {} : named(group, { count: 1 })];
  const sizes = size === null ? {} : named(size, platform === 'aws' ? 't3.small' : 's-1vcpu-2gb');
  const lists = [
    { core: [asHost(5)] },
    ...[group, list].map((each) => (each ? named(each, [asHost(6)]) : {})),
  ];
  const settings = {
    local: {},
    aws: { sshFrom: ['203.0.113.7'], sizes },
    digitalocean: { region: 'fra1', sshFrom: ['203.0.113.7'], sizes },
    hosts: { machines: JSON.parse(merged(lists)) },
  };
  const config = [
    named('platform', platform),
    named(platform, settings[platform]),
    { machines: JSON.parse(merged(machines)) },
    image === null ? {} : { images: named(image, 'images/app') },
    setting === null ? {} : named(setting, 'x'),
  ];
  const entries = config.flatMap((each) => Object.entries(each));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      `flotilla:${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** JSON of all their names together, own ones each. */
function merged(objects: readonly object[]): string {
  const entries = objects.flatMap((each) => Object.entries(each));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')}}`;
}

/** From the text of a config to what a platform makes of its plan. */
function planned(raw: Record<string, string>): readonly string[] {
  const spec = parseConfig(raw);
  const plan = planCluster('dev', spec);
  const credentials = {
    config: { 'aws:region': 'eu-central-1', 'aws:profile': 'x', 'digitalocean:token': 'x' },
  };
  const rest = { environment: {}, exists: () => false };
  if (plan.aws) aws(plan, plan.aws, { ...credentials, ...rest });
  if (plan.digitalocean) digitalocean(plan, plan.digitalocean, { ...credentials, ...rest });
  if (spec.platform === 'hosts') plan.machines.map(askedHost);
  for (const { metadata } of plan.machines)
    for (const value of Object.values(metadata)) expect(typeof value).toBe('string');
  return plan.machines.map(({ group }) => group);
}

test('a name that every object has is planned like any other, or refused with its path', () => {
  fc.assert(
    fc.property(configs, (names) => {
      const raw = written(names);
      let groups: readonly string[];
      try {
        groups = planned(raw);
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        for (const { path, fix } of error.problems) expect([path, fix]).not.toContain('');
        return;
      }
      // Nothing that was written was lost without a word.
      expect(groups).toEqual(names.group === null ? ['core'] : ['core', names.group].sort());
      expect(JSON.stringify(raw)).not.toContain('__proto__');
    }),
    { numRuns: 3000 },
  );
});

test('a group is not called constructor', () => {
  const raw = { 'flotilla:machines': '{"core": {"count": 1, "etcd": true}, "constructor": {"count": 1}}' };
  expect(() => parseConfig(raw)).toThrow(
    /flotilla:machines\.constructor: the name "constructor" is not allowed\n {4}→ use another name/,
  );
});
