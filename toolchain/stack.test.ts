import { describe, expect, test } from '@jest/globals';
import { shortName } from './short-name.ts';
import { parsePlatform, parseState, selectedIn } from './stack.ts';

describe('parseState', () => {
  test('counts resources and names what was cut off', () => {
    const urn = 'urn:pulumi:local::flotilla::flotilla:local:Machine::core-0';
    const exported = {
      version: 3,
      deployment: {
        resources: [{}, {}],
        pending_operations: [{ resource: { urn, custom: true }, type: 'creating' }],
      },
    };
    expect(parseState(exported)).toEqual({ resources: 2, pending: [{ type: 'creating', urn }] });
  });

  test('a new stack has nothing', () => {
    expect(parseState({ version: 3, deployment: {} })).toEqual({ resources: 0, pending: [] });
    expect(parseState({ deployment: { resources: null } })).toEqual({ resources: 0, pending: [] });
  });
});

test('the selected stack is the one that Pulumi marks', () => {
  const listed = [
    { name: 'local', current: false, updateInProgress: false },
    { name: 'hosts', current: true },
  ];
  expect(selectedIn(listed)).toBe('hosts');
  expect(selectedIn(listed.slice(0, 1))).toBeUndefined();
  expect(selectedIn([])).toBeUndefined();
});

test.each([
  ['local', 'local'],
  ['ada/flotilla/aws', 'aws'],
])('short name of %s', (stack, name) => expect(shortName(stack)).toBe(name));

test.each([
  ['', 'local'],
  ['config:\n', 'local'],
  ['encryptionsalt: x\n', 'local'],
  ['config:\n  flotilla:os: debian-13\n', 'local'],
  ['config:\n  flotilla:platform: aws # here\n', 'aws'],
])('platform of %j', (config, platform) =>
  expect(parsePlatform(config, 'stacks/Pulumi.x.yaml')).toBe(platform),
);

test.each([['config: [\n'], ['config: []\n'], ['config: {a: }}\n']])(
  '%j is refused by the name of its file',
  (config) =>
    expect(() => parsePlatform(config, 'stacks/Pulumi.x.yaml')).toThrow(
      /^stacks\/Pulumi\.x\.yaml can't be read: [\s\S]*Next step: correct it$/,
    ),
);
