import { describe, expect, test } from '@jest/globals';
import { parseManifest } from './manifest.ts';

const path = 'units/web/units.yaml';

test('what is not said is left open', () => {
  expect(parseManifest(path, undefined)).toEqual({
    manifest: { instances: {}, targetState: {} },
    problems: [],
  });
});

test('instances and target states', () => {
  const text = 'instances: { web@.service: 3 }\ntargetState: { web@.service: loaded }\n';
  expect(parseManifest(path, text)).toEqual({
    manifest: { instances: { 'web@.service': 3 }, targetState: { 'web@.service': 'loaded' } },
    problems: [],
  });
});

describe('a malformed manifest', () => {
  test.each([
    ['unknown key', 'instance: { web@.service: 3 }', ': instance', /no setting "instance"/, /instances\?/],
    ['a list', '- web@.service', '', /wrong type/, /known here: instances, targetState/],
    ['instances as a number', 'instances: 3', ': instances', /3 is of the wrong type/, /names and values/],
    [
      'count as text',
      'instances: { web@.service: three }',
      ': instances.web@.service',
      /"three" is of the wrong type/,
      /whole number/,
    ],
    [
      'unknown target state',
      'targetState: { web.service: launchd }',
      ': targetState.web.service',
      /"launchd" is not known/,
      /launched/,
    ],
    ['broken YAML', 'instances:\n  a: [1', ':2', /./, /correct the YAML/],
  ])('%s', (_, text, where, problem, fix) => {
    const { manifest, problems } = parseManifest(path, text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toBe(`${path}${where}`);
    expect(problems[0]?.problem).toMatch(problem);
    expect(problems[0]?.fix).toMatch(fix);
    expect(manifest).toEqual({ instances: {}, targetState: {} });
  });

  test('aliases that make a short text huge', () => {
    const lines = Array.from({ length: 12 }, (_, n) => `k${n + 1}: &k${n + 1} [${`*k${n}, `.repeat(9)}]`);
    const { problems } = parseManifest(path, ['k0: &k0 x', ...lines].join('\n'));
    expect(problems[0]).toMatchObject({ path, fix: 'write it without YAML aliases' });
  });
});
