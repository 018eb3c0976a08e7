import { describe, expect, test } from '@jest/globals';
import { effects as awsEffects } from '../../test/cloud/aws/effects.ts';
import { effects as digitaloceanEffects } from '../../test/cloud/digitalocean/effects.ts';
import { awsRefusals } from './aws/refusals.ts';
import { digitaloceanRefusals } from './digitalocean/refusals.ts';
import { findRefusal } from './refusal.ts';

/** As the plugins put what the clouds say (test/cloud/aws/plugin/failure.ts, test/cloud/digitalocean/plugin/client.ts). */
const awsMessages = Object.entries(awsEffects).flatMap(([name, effect]) =>
  'code' in effect
    ? [
        [
          name,
          `https response error StatusCode: ${effect.answer}, api error ${effect.code}: ${effect.message}`,
        ],
      ]
    : [],
);
const digitaloceanMessages = Object.entries(digitaloceanEffects).flatMap(([name, effect]) =>
  'answer' in effect && name !== 'notThereYet'
    ? [
        [
          name,
          `POST https://api.digitalocean.com/v2/x: ${effect.answer} ${'message' in effect ? effect.message : ''}`,
        ],
      ]
    : [],
);

describe.each([
  ['aws', awsRefusals, awsMessages],
  ['digitalocean', digitaloceanRefusals, digitaloceanMessages],
] as const)('%s', (_, rows, messages) => {
  test.each(messages)('%s is explained', (_name, message) => {
    expect(findRefusal(rows, message ?? '')).toBeDefined();
  });

  test('every row has a cause and something to do', () => {
    for (const { cause, next } of rows) {
      expect(cause).toMatch(/^\S.*[^.]$/);
      expect(next).toMatch(/^\S.*[^.]$/);
    }
  });

  test('what nobody has said yet is not explained', () => {
    expect(findRefusal(rows, 'something else altogether')).toBeUndefined();
  });
});

test.each([
  ['droplet limit', '422 creating this/these droplet(s) will exceed your droplet limit', 'droplets'],
  ['default VPC', '403 Can not delete default VPCs', 'default VPC'],
  [
    'gone',
    "Error deleting droplet: unexpected state 'Not Found', wanted target 'false'",
    'deleted by somebody',
  ],
])('a row that says more comes before one that says less: %s', (_, message, cause) => {
  expect(findRefusal(digitaloceanRefusals, message)?.cause).toContain(cause);
});
