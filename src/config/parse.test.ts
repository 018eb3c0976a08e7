import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { droplets, malformedClouds } from './malformed-clouds.ts';
import { core, malformed } from './malformed-samples.ts';
import { parseConfig } from './parse.ts';

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

describe('malformed stack config', () => {
  test.each([...malformed, ...malformedClouds])('%s', (_, config, path, problem, fix) => {
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
