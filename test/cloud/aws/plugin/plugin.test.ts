import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Properties } from '../../../../src/provider/resource.ts';
import { HalfMade, type Known, silent, TestEngine } from '../../plugin/test-engine.ts';
import { publicKey } from '../../public-key.ts';
import { effects } from '../effects.ts';
import { type AwsApi, startProxy } from '../proxy.ts';
import { FakeEc2 } from './fake-ec2.ts';
import { createPlugin } from './plugin.ts';

let ec2: FakeEc2;
let proxy: AwsApi;
let engine: TestEngine;

/** Waits a thousandth of what the stock plugin waits. */
const hurry = { TEST_CLOUD_PACE: '0.001' };

const modules: Readonly<Record<string, string>> = {
  Listener: 'lb',
  LoadBalancer: 'lb',
  TargetGroup: 'lb',
  SecurityGroupIngressRule: 'vpc',
};

/** @param config what a program or stack config sets of the provider */
function startEngine(environment: NodeJS.ProcessEnv, config: Properties = {}): Promise<TestEngine> {
  const token = (type: string) =>
    `aws:${modules[type] ?? 'ec2'}/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
  return TestEngine.start({ server: createPlugin({ log: silent, environment }), token }, config);
}

beforeEach(async () => {
  ec2 = new FakeEc2();
  proxy = await startProxy(ec2.answer);
  engine = await startEngine({ ...hurry, AWS_ENDPOINT_URL: proxy.url, AWS_REGION: 'us-east-1' });
});

afterEach(async () => {
  engine.stop();
  await proxy.close();
  expect(proxy.failures).toEqual([]);
});

const instance = { ami: 'ami-1', instanceType: 't3.small', userData: 'one' };

/** Calls that change something, in order. */
const changing = () => proxy.trace.calls('ec2').filter((line) => !line.includes('Describe'));

describe('settings', () => {
  const region = { region: 'us-east-1' };

  test('the provider’s own come before the environment’s', async () => {
    const endpoints = JSON.stringify([{ ec2: proxy.url, elbv2: proxy.url, ssm: proxy.url }]);
    const config = {
      ...region,
      endpoints,
      accessKey: 'a',
      secretKey: 'b',
      skipCredentialsValidation: 'true',
    };
    const other = await startEngine({ ...hurry, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, config);
    expect((await other.create('Instance', 'core-1', instance)).id).toBe('i-1');
    other.stop();
  });

  test.each<[string, Properties, string]>([
    ['no endpoint', region, 'set AWS_ENDPOINT_URL or aws:endpoints (ec2)'],
    ['another computer', { ...region, endpoints: '[{"ec2":"https://ec2.test"}]' }, 'calls 127.0.0.1 only'],
    ['a setting that nothing here follows', { ...region, assumeRoles: '[]' }, '"assumeRoles"'],
    ['no region', {}, 'set aws:region'],
  ])('refuses %s', async (_, config, message) => {
    await expect(startEngine({}, config)).rejects.toThrow(message);
  });

  test('serves one region', async () => {
    const abroad = engine.create('Instance', 'core-1', { ...instance, region: 'eu-west-1' });
    await expect(abroad).rejects.toThrow('serves one region, us-east-1, not eu-west-1');
  });
});

describe('inputs', () => {
  const rule = { securityGroupId: 'sg-1', ipProtocol: 'tcp', fromPort: 22, toPort: 22 };

  test.each<[string, Properties, string]>([
    ['Instance', { ...instance, colour: 'red' }, '"colour"'],
    ['Instance', { ...instance, userDataBase64: 'b25l' }, 'conflicts with user_data_base64'],
    ['Instance', { ...instance, userData: 'x'.repeat(16_385) }, 'in the range (0 - 16384)'],
    ['Instance', { userData: 'x' }, 'one of `ami,launch_template` must be specified'],
    ['SecurityGroup', { name: 'sg-core' }, 'cannot begin with sg-'],
    ['SecurityGroupIngressRule', rule, 'exactly one of cidrIpv4'],
    ['SecurityGroupIngressRule', { ...rule, ipProtocol: '-1', cidrIpv4: '0.0.0.0/0' }, 'has no meaning'],
    ['Route', { routeTableId: 'rtb-1', gatewayId: 'igw-1' }, 'exactly one of destinationCidrBlock'],
  ])('of %s: refuses %j', async (type, inputs, message) => {
    await expect(engine.check(type, 'thing', inputs)).rejects.toThrow(message);
  });

  test('a type that is not known is named', async () => {
    await expect(engine.check('Moon', 'm', {})).rejects.toThrow('no resource type aws:ec2/moon:Moon');
  });

  test.each(['LoadBalancer', 'TargetGroup'])('names of %s are cut at 32 characters', async (type) => {
    const { name } = await engine.check(type, 'a-name-that-is-longer-than-what-aws-takes', {});
    expect(name).toMatch(/^a-name-that-is-longer-th-[0-9a-f]{7}$/);
  });
});

describe('what replaces', () => {
  const rule = { securityGroupId: 'sg-1', ipProtocol: 'tcp', cidrIpv4: '192.0.2.0/24' };
  const data = { deviceName: '/dev/sdf', volumeSize: 10, encrypted: true };
  const balancer = { loadBalancerType: 'network', subnets: ['subnet-1'] };

  test.each<[string, Properties, Properties, readonly string[]]>([
    ['Instance', instance, { userData: 'two' }, []],
    ['Instance', { ...instance, userDataReplaceOnChange: true }, { userData: 'two' }, ['userData']],
    ['Instance', instance, { instanceType: 't3.large' }, []],
    ['Instance', instance, { metadataOptions: { httpTokens: 'required' } }, []],
    ['Instance', instance, { vpcSecurityGroupIds: ['sg-2'] }, []],
    ['Instance', instance, { tags: { a: 'b' } }, []],
    ['Instance', instance, { ami: 'ami-2' }, ['ami']],
    ['Instance', instance, { keyName: 'other' }, ['keyName']],
    ['Instance', instance, { subnetId: 'subnet-2' }, ['subnetId']],
    ['Instance', instance, { associatePublicIpAddress: true }, ['associatePublicIpAddress']],
    [
      'Instance',
      { ...instance, rootBlockDevice: { volumeSize: 8 } },
      { rootBlockDevice: { volumeSize: 9 } },
      [],
    ],
    [
      'Instance',
      { ...instance, ebsBlockDevices: [data] },
      { ebsBlockDevices: [{ ...data, volumeSize: 12 }] },
      ['ebsBlockDevices'],
    ],
    [
      'Instance',
      { ...instance, ebsBlockDevices: [data] },
      { ebsBlockDevices: [{ ...data, tags: { a: 'b' } }] },
      [],
    ],
    ['Instance', instance, { ebsBlockDevices: [data] }, ['ebsBlockDevices']],
    ['KeyPair', { publicKey }, { publicKey: `${publicKey}\n` }, []],
    ['KeyPair', { publicKey }, { publicKey: `${publicKey}x` }, ['publicKey']],
    ['SecurityGroup', { vpcId: 'vpc-1' }, { description: 'other' }, ['description']],
    ['SecurityGroupIngressRule', rule, { cidrIpv4: '0.0.0.0/0' }, []],
    [
      'SecurityGroupIngressRule',
      rule,
      { cidrIpv4: undefined, referencedSecurityGroupId: 'sg-2' },
      ['cidrIpv4', 'referencedSecurityGroupId'],
    ],
    ['Subnet', { vpcId: 'vpc-1', cidrBlock: '10.0.0.0/24' }, { mapPublicIpOnLaunch: true }, []],
    ['Vpc', { cidrBlock: '10.0.0.0/16' }, { cidrBlock: '10.1.0.0/16' }, ['cidrBlock']],
    ['LoadBalancer', balancer, { securityGroups: ['sg-1'] }, ['securityGroups']],
    ['LoadBalancer', { ...balancer, securityGroups: ['sg-1'] }, { securityGroups: ['sg-2'] }, []],
  ])('%s %j with %j: %j', async (type, program, change, replaces) => {
    const inputs = await engine.check(type, 'thing', program);
    const known: Known = { type, name: 'thing', id: 'x', inputs, outputs: inputs };
    const diff = await engine.diff(known, { ...program, ...change });
    expect([...diff.replaces].sort()).toEqual([...replaces].sort());
    expect(diff.deletesFirst).toBe(false);
  });

  test('a fixed name can’t be had twice', async () => {
    const program = { name: 'core', vpcId: 'vpc-1' };
    const inputs = await engine.check('SecurityGroup', 'core', program);
    const known: Known = { type: 'SecurityGroup', name: 'core', id: 'sg-1', inputs, outputs: inputs };
    expect((await engine.diff(known, { ...program, vpcId: 'vpc-2' })).deletesFirst).toBe(true);
  });
});

describe('an instance', () => {
  test('is waited for, and gone when it is terminated', async () => {
    ec2.states = ['pending', 'pending', 'running'];
    const made = await engine.create('Instance', 'core-1', instance);
    expect(made.outputs).toMatchObject({ instanceState: 'running', userData: 'one', region: 'us-east-1' });
    expect((await engine.refresh(made))?.inputs).toEqual(made.inputs);
    await engine.delete(made);
    expect(await engine.refresh(made)).toBeUndefined();
    expect(changing()).toEqual(['ec2 RunInstances 200', 'ec2 TerminateInstances 200']);
  });

  test('other user data: it is stopped, changed and started', async () => {
    const made = await engine.create('Instance', 'core-1', instance);
    proxy.trace.clear();
    const { outputs } = await engine.update(made, { ...instance, userData: 'two' });
    expect(outputs.userData).toBe('two');
    expect(changing()).toEqual([
      'ec2 StopInstances 200',
      'ec2 ModifyInstanceAttribute 200',
      'ec2 StartInstances 200',
    ]);
  });

  test('a change that AWS refuses leaves it stopped', async () => {
    const made = await engine.create('Instance', 'core-1', instance);
    proxy.faults.add({ call: 'ec2 ModifyInstanceAttribute', effect: effects.unauthorized });
    const update = engine.update(made, { ...instance, instanceType: 't3.large' });
    await expect(update).rejects.toThrow('modifying EC2 Instance (i-1) InstanceType attribute');
    expect(ec2.states).toEqual(['stopped']);
  });

  test('that ends while it starts fails with AWS’s reason, and stays in the state', async () => {
    ec2.states = ['pending', 'shutting-down'];
    ec2.reason = 'Server.InternalError: Internal error on launch';
    const failed = await engine.create('Instance', 'core-1', instance).catch((error: unknown) => error);
    if (!(failed instanceof HalfMade)) throw new Error(`expected something half made, not ${failed}`);
    expect(failed.message).toContain("unexpected state 'shutting-down', wanted target 'running'");
    expect(failed.message).toContain(ec2.reason);
    expect(failed.known.id).toBe('i-1');
  });
});

describe('when things go wrong', () => {
  const run = () => engine.create('Instance', 'core-1', instance);
  const runs = () => changing().filter((line) => line.includes('RunInstances'));

  test.each(['throttled', 'serverError', 'unavailable', 'cutBefore'] as const)(
    '%s is tried again',
    async (name) => {
      proxy.faults.add({ call: 'ec2 RunInstances', effect: effects[name], times: 3 });
      await run();
      expect(runs()).toHaveLength(4);
    },
  );

  test.each(['capacity', 'quota', 'instanceQuota', 'unauthorized'] as const)(
    '%s is told at once',
    async (name) => {
      const { code, message } = effects[name];
      proxy.faults.add({ call: 'ec2 RunInstances', effect: effects[name] });
      await expect(run()).rejects.toThrow(`creating EC2 Instance: https response error`);
      proxy.faults.add({ call: 'ec2 RunInstances', effect: effects[name] });
      await expect(run()).rejects.toThrow(`api error ${code}: ${message}`);
      expect(runs()).toHaveLength(2);
    },
  );

  test('it gives up after as many retries as it was told', async () => {
    const config = { maxRetries: '2' };
    const other = await startEngine({ ...hurry, AWS_ENDPOINT_URL: proxy.url, AWS_REGION: 'r-1' }, config);
    proxy.faults.add({ call: 'ec2 RunInstances', effect: effects.throttled, times: 9 });
    const made = other.create('Instance', 'core-1', instance);
    await expect(made).rejects.toThrow('exceeded maximum number of attempts, 3, ');
    expect(runs()).toHaveLength(3);
    other.stop();
  });

  test('a launch whose answer got lost is not done twice', async () => {
    proxy.faults.add({ call: 'ec2 RunInstances', effect: effects.cutAfter });
    await run();
    expect(runs()).toEqual(['ec2 RunInstances 0', 'ec2 RunInstances 200']);
    expect(proxy.trace.changes()).toEqual(['created instance i-1']);
  });

  test('what was just made may not be there yet', async () => {
    const effect = effects.instanceNotThereYet;
    proxy.faults.add({ call: 'ec2 DescribeInstances', effect, each: true, times: 3 });
    expect((await run()).outputs.instanceState).toBe('running');
    expect(proxy.faults.unmet()).toEqual([]);
  });
});

describe('functions', () => {
  const token = 'aws:ssm/getParameter:getParameter';

  test('Debian’s public parameters are there', async () => {
    const name = '/aws/service/debian/release/13/latest/amd64';
    const found = await engine.invoke(token, { name });
    expect(found).toMatchObject({ name, type: 'String', value: expect.stringMatching(/^ami-/) });
    const other = engine.invoke(token, { name: '/aws/service/debian/release/99/latest/amd64' });
    await expect(other).rejects.toThrow('ParameterNotFound');
  });

  test('arguments that are not known are refused', async () => {
    await expect(engine.invoke(token, { name: 'x', colour: 'red' })).rejects.toThrow('"colour"');
    await expect(engine.invoke('aws:ssm/getMoon:getMoon', {})).rejects.toThrow('no function');
  });
});
