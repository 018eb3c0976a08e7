import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { publicKey } from '../public-key.ts';
import { TestStack } from '../test-stack.ts';
import { Describe } from './describe.ts';
import { effects } from './effects.ts';
import { type Moto, startMoto } from './moto.ts';
import { type AwsApi, startProxy } from './proxy.ts';

/** The real engine, the real SDK and the plugin's double, with moto for AWS. */
let moto: Moto;
let proxy: AwsApi;
let aws: Describe;
const stack = new TestStack('aws');
const region = 'us-east-1';
const secretKey = 'not-to-be-seen-in-the-state';

beforeAll(async () => {
  moto = await startMoto();
  proxy = await startProxy(moto.url);
  aws = new Describe(moto.url, region);
  const endpoints = ['ec2', 'elbv2', 'ssm'].map((service) => [service, proxy.url]);
  await stack.init();
  await stack.configureSecret({ 'aws:secretKey': secretKey, userData: 'one' });
  await stack.configure({
    'aws:region': region,
    'aws:accessKey': 'test',
    'aws:skipCredentialsValidation': 'true',
    'aws:skipRequestingAccountId': 'true',
    'aws:endpoints': JSON.stringify([Object.fromEntries(endpoints)]),
    publicKey,
    count: 1,
    generation: 1,
  });
});

afterAll(async () => {
  stack.remove();
  aws?.close();
  await proxy?.close();
  await moto?.stop();
});

/** What came and went since the last time it was asked. */
function changes(): string[] {
  const lines = proxy.trace.changes().map((line) => line.replace(/-[0-9a-f]{7}$/, ''));
  proxy.trace.clear();
  return lines;
}

/** Those of them that are about instances. */
const machines = () => changes().filter((line) => line.includes('instance'));

/** @throws Error unless all lines are there, in this order */
function expectOrder(lines: readonly string[], ...wanted: readonly string[]): void {
  expect(lines.filter((line) => wanted.includes(line))).toEqual(wanted);
}

test('a cluster comes, grows, shrinks, is replaced and goes', async () => {
  await stack.run('preview');
  expect(changes()).toEqual([]);

  await stack.up();
  const first = changes();
  expect([...first].sort()).toEqual([
    'created egress rule out',
    'created ingress rule members',
    'created ingress rule ssh',
    'created instance core-1',
    'created internet gateway main',
    'created key login',
    'created listener web',
    'created load balancer web',
    'created route table main',
    'created security group members',
    'created subnet main',
    'created target group web',
    'created vpc main',
  ]);
  expectOrder(first, 'created vpc main', 'created security group members', 'created ingress rule ssh');
  expectOrder(first, 'created vpc main', 'created subnet main', 'created instance core-1');
  expectOrder(first, 'created key login', 'created instance core-1');
  expectOrder(first, 'created ingress rule ssh', 'created instance core-1');
  expect(stack.state()).not.toContain(secretKey);
  const outputs = JSON.parse(await stack.run('stack', 'output', '--json'));
  expect(outputs.published).toBe(outputs.imageId);
  expect(outputs.addresses).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/)]);

  await stack.up('--expect-no-changes');
  await stack.up('--refresh');
  expect(changes()).toEqual([]);

  await stack.configure({ count: 3 });
  await stack.up();
  expect(changes().sort()).toEqual(['created instance core-2', 'created instance core-3']);

  await stack.configure({ count: 1 });
  await stack.configureSecret({ userData: 'two' });
  await stack.up();
  expect(changes().sort()).toEqual(['deleted instance core-2', 'deleted instance core-3']);

  await stack.configure({ generation: 2 });
  await stack.up();
  expect(changes()).toEqual(['created instance core-1', 'deleted instance core-1']);

  await stack.destroy();
  const last = changes();
  expectOrder(last, 'deleted instance core-1', 'deleted security group members', 'deleted vpc main');
  expectOrder(last, 'deleted instance core-1', 'deleted subnet main', 'deleted vpc main');
  expectOrder(last, 'deleted listener web', 'deleted target group web', 'deleted vpc main');
  expect(proxy.inventory.names()).toEqual([]);
  expect(await aws.left()).toEqual([]);
  expect(proxy.failures).toEqual([]);
}, 300_000);

test('what fails is named, the next run goes on, and nothing is left', async () => {
  await stack.configure({ count: 2, generation: 1 });
  // What time heals is not even noticed; what it does not is told with the resource's name.
  proxy.faults.add(
    { call: 'ec2 CreateVpc', effect: effects.throttled, times: 3 },
    { call: 'ec2 DescribeVpcs', effect: effects.serverError, times: 2 },
    { call: 'ec2 CreateSubnet', effect: effects.cutBefore },
    { call: 'elbv2 CreateTargetGroup', effect: effects.unavailable },
    { call: 'ec2 CreateRouteTable', effect: effects.cutAfter },
    { call: 'ec2 RunInstances', effect: effects.capacity },
    { call: 'ec2 DescribeInstances', effect: effects.instanceNotThereYet, each: true, times: 2 },
  );
  const full = await stack.up().catch(String);
  expect(full).toMatch(/aws:ec2:Instance \(core-[12]\)/);
  expect(full).toContain(`InsufficientInstanceCapacity: ${effects.capacity.message}`);
  expect(proxy.faults.unmet()).toEqual([]);
  expect(machines()).toHaveLength(1);

  proxy.faults.add({ call: 'ec2 RunInstances', effect: effects.quota });
  const refused = await stack.up().catch(String);
  expect(refused).toMatch(/aws:ec2:Instance \(core-[12]\)/);
  expect(refused).toContain(`VcpuLimitExceeded: ${effects.quota.message}`);
  expect(machines()).toEqual([]);

  // Launched, though the answer got lost: it is not launched twice.
  proxy.faults.add({ call: 'ec2 RunInstances', effect: effects.cutAfter });
  await stack.up();
  expect(machines()).toHaveLength(1);

  // What somebody terminates behind our back comes again with a refresh.
  await aws.terminate(proxy.inventory.idOf('instance', 'core-2'));
  await stack.up('--refresh');
  expect(machines()).toEqual(['created instance core-2']);

  proxy.faults.add(
    { call: 'ec2 TerminateInstances', effect: effects.cutAfter },
    { call: 'ec2 DeleteSecurityGroup', effect: effects.inUse, times: 2 },
    { call: 'ec2 DetachInternetGateway', effect: effects.inUse },
  );
  await stack.destroy();
  expect(proxy.faults.unmet()).toEqual([]);
  expect(await aws.left()).toEqual([]);
  expect(proxy.failures).toEqual([]);
}, 300_000);
