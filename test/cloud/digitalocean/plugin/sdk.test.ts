import { expect, test } from '@jest/globals';
import { differences, SdkTypes, shapeOfInputs } from '../../plugin/sdk-types.ts';
import { createHandlers } from './types.ts';

const sdk = new SdkTypes('digitalocean');

const handlers = createHandlers(() => {
  throw new Error('nothing is called here');
});

/** Outputs that the SDK promises and a cluster has no use for. */
const unserved: Readonly<Record<string, readonly string[]>> = {
  LoadBalancer: ['domains', 'firewall', 'glbSettings', 'ipv6', 'stickySessions', 'targetLoadBalancerIds'],
};

const types = Object.entries(handlers).map(([token, handler]) => {
  const [, module = '', name = ''] = /^digitalocean:index\/(\w+):(\w+)$/.exec(token) ?? [];
  return { name, file: `${module}.d.ts`, handler };
});

test.each(types)(
  '$name takes only inputs that the SDK has, as the SDK has them',
  ({ name, file, handler }) => {
    const theirs = sdk.members(file, `${name}Args`);
    expect(differences(shapeOfInputs(handler.schemas.inputs), theirs, 'name')).toEqual([]);
  },
);

test.each(types)('$name gives the outputs that the SDK promises', ({ name, file, handler }) => {
  const promised = sdk.members(file, name);
  const inputs = Object.keys(sdk.members(file, `${name}Args`));
  const served = [...handler.computed, ...inputs];
  expect(handler.computed.filter((output) => !(output in promised))).toEqual([]);
  const lacking = Object.entries(promised).flatMap(([output, { required }]) =>
    required && !served.includes(output) ? [output] : [],
  );
  expect(lacking.filter((output) => !unserved[name]?.includes(output))).toEqual([]);
});

test('an input that the SDK does not have would be noticed', () => {
  const args = sdk.members('vpc.d.ts', 'VpcArgs');
  expect(differences({ region: { shape: 'number', required: true } }, args)).toEqual([
    '.region is "string", not "number"',
  ]);
  expect(differences({ moon: { shape: 'string', required: false } }, args)).toEqual([
    '.region is required',
    'there is no .moon',
  ]);
});
