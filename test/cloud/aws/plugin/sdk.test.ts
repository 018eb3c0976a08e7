import { expect, test } from '@jest/globals';
import { differences, SdkTypes, shapeOfInputs } from '../../plugin/sdk-types.ts';
import { createFunctions } from './functions.ts';
import { createHandlers } from './types.ts';

const sdk = new SdkTypes('aws');

const uncalled = () => {
  throw new Error('nothing is called here');
};

/** Outputs that the SDK promises and a cluster has no use for. */
const unserved: Readonly<Record<string, readonly string[]>> = {
  Instance: ['instanceLifecycle', 'outpostArn', 'passwordData', 'spotInstanceRequestId'],
  Vpc: ['ipv6AssociationId'],
};

/** The input that is made up where the program gives none. */
const madeUp: Readonly<Record<string, string>> = { KeyPair: 'keyName' };

const types = Object.entries(createHandlers(uncalled)).map(([token, handler]) => {
  const [, file = '', name = ''] = /^aws:(\w+\/\w+):(\w+)$/.exec(token) ?? [];
  return { name, file: `${file}.d.ts`, handler };
});

test.each(types)(
  '$name takes only inputs that the SDK has, as the SDK has them',
  ({ name, file, handler }) => {
    const theirs = sdk.members(file, `${name}Args`);
    expect(differences(shapeOfInputs(handler.schemas.inputs), theirs, madeUp[name] ?? 'name')).toEqual([]);
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
  expect(lacking).toEqual(unserved[name] ?? []);
});

const functions = Object.entries(createFunctions(uncalled)).map(([token, { args }]) => {
  const [, file = '', name = ''] = /^aws:(?:index\/)?([\w/]+):get(\w+)$/.exec(token) ?? [];
  return { name: `Get${name}`, file: `${file}.d.ts`, args };
});

test.each(functions)('$name takes only arguments that the SDK has', ({ name, file, args }) => {
  expect(differences(shapeOfInputs(args), sdk.members(file, `${name}Args`))).toEqual([]);
});
