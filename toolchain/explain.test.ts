import { describe, expect, test } from '@jest/globals';
import { effects as awsEffects } from '../test/cloud/aws/effects.ts';
import { explainFailures } from './explain.ts';

const urn = (type: string, name: string) => `urn:pulumi:dev::flotilla::${type}::${name}`;
const said = (type: string, name: string, message: string, severity = 'error') =>
  JSON.stringify({ sequence: 1, diagnosticEvent: { urn: urn(type, name), message, severity, color: 'raw' } });
const instance = 'aws:ec2/instance:Instance';
const log = (...lines: string[]) => `${lines.join('\n')}\n`;

test('what has one cause is one line, with all whom it has met', () => {
  const full = `creating EC2 Instance: api error InsufficientInstanceCapacity: ${awsEffects.capacity.message}`;
  const events = log(
    JSON.stringify({ sequence: 0, preludeEvent: { config: {} } }),
    said(instance, 'core-1', full),
    said(instance, 'core-2', full),
    said(instance, 'core-2', full),
  );
  expect(explainFailures(events)).toEqual([
    `core-1 (${instance}), core-2 (${instance}): AWS has no machine of this type free in this zone now. Next step: wait, ` +
      'name another type in flotilla:aws.sizes or other flotilla:aws.zones, then `npm run up` again: it goes on where this run ended',
  ]);
});

test('what the table does not know leads to the page of the cloud', () => {
  expect(explainFailures(said('digitalocean:index/droplet:Droplet', 'core-1', '418 teapot'))).toEqual([
    'core-1 (digitalocean:index/droplet:Droplet): see what the cloud says above. Next step: docs/digitalocean.md, ' +
      '"When a step fails"; then `npm run up` goes on where this run ended',
  ]);
});

test("a question of the program's is named by its function", () => {
  const message =
    'Error: invocation of aws:ssm/getParameter:getParameter returned an error: ParameterNotFound';
  expect(explainFailures(said('pulumi:pulumi:Stack', 'flotilla-dev', message))).toEqual([
    expect.stringMatching(/^aws:ssm\/getParameter:getParameter: the region has no such SSM parameter/),
  ]);
});

test("a cloud's plugin that is not there, as plain Pulumi says it before the first `npm run up`", () => {
  const message =
    "no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.48.0 or on your $PATH\n";
  expect(explainFailures(said('pulumi:providers:aws', 'default_7_48_0', message))).toEqual([
    "default_7_48_0 (pulumi:providers:aws): this plugin of Pulumi's is not installed yet. Next step: " +
      '`npm run up -- --stack dev`, which installs it and in a terminal asks before anything is made; ' +
      'for a preview alone, `npx pulumi plugin install resource aws 7.48.0`',
  ]);
});

describe('nothing is explained', () => {
  test.each([
    [
      'of our own resources, which say it themselves',
      said('flotilla:index:Agents', 'agents', 'no; next step'),
    ],
    ["of the engine's last word", said('pulumi:pulumi:Stack', 'flotilla-dev', 'update failed')],
    ['of a warning', said(instance, 'core-1', 'InsufficientInstanceCapacity', 'warning')],
    ['when there were no events', ''],
  ])('%s', (_, events) => expect(explainFailures(events)).toEqual([]));
});
