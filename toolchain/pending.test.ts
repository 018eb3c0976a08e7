import { describe, expect, test } from '@jest/globals';
import { planSettlement } from './pending.ts';

const urn = (type: string, name: string) => `urn:pulumi:dev::flotilla::${type}::${name}`;
const creating = (type: string, name: string) => ({ type: 'creating', urn: urn(type, name) });

const network = creating('flotilla:local:Network', 'network');
const machine = creating('flotilla:local:Machine', 'core-1');
const hostKey = creating('aws:ec2/instance:Instance$flotilla:index:HostKey', 'core-1');
const provider = creating('pulumi:providers:aws', 'default_7_48_0');
const instance = creating('aws:ec2/instance:Instance', 'core-1');
const droplet = creating('flotilla:index:Cluster$digitalocean:index/droplet:Droplet', 'worker-2');

const up = { adopt: false };
const down = { adopt: true };

test('nothing is pending, nothing is to be done', () => {
  expect(planSettlement('dev', [], up)).toEqual({ step: 'none' });
});

describe('creates of our own', () => {
  test('are dropped before an up, which adopts what they made', () => {
    expect(planSettlement('dev', [network, machine, hostKey], up)).toEqual({
      step: 'refresh',
      reason:
        'putting stack dev in order first: an earlier run was cut off while creating network, creating core-1, creating core-1',
      adopt: [],
    });
  });

  test('are adopted before a destroy, but for local machines, which the network ends', () => {
    expect(planSettlement('dev', [network, machine, hostKey], down)).toMatchObject({
      step: 'refresh',
      adopt: [network.urn, hostKey.urn],
    });
  });

  test("a cloud's provider makes nothing outside the state", () => {
    expect(planSettlement('dev', [provider], up)).toMatchObject({ step: 'refresh' });
  });
});

describe('creates that nobody would adopt', () => {
  test.each([
    ['up', up],
    ['down', down],
  ])('are not dropped at %s: they are named, with what to do', (_, how) => {
    const settlement = planSettlement('dev', [hostKey, instance, droplet], how);
    const { reason } = { reason: '', ...settlement };
    expect(settlement.step).toBe('refuse');
    expect(reason).toContain('\n  core-1 (aws:ec2/instance:Instance)\n');
    expect(reason).toContain('\n  worker-2 (digitalocean:index/droplet:Droplet)\n');
    expect(reason).toContain('Next step: look there for each of them.');
    expect(reason).toContain('`npx pulumi refresh --stack dev`');
    expect(reason).not.toContain('HostKey');
  });

  test('other operations on such resources are settled by the refresh, which looks', () => {
    const pending = ['updating', 'deleting', 'importing'].map((type) => ({ ...instance, type }));
    expect(planSettlement('dev', pending, down)).toMatchObject({ step: 'refresh', adopt: [] });
  });
});
