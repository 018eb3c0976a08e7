import {
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { startMoto } from '../aws/moto.ts';
import { startProxy } from '../aws/proxy.ts';
import { FakeMachines } from '../fake-machines.ts';
import { type FaultyCloud, withoutChance } from './cloud.ts';

const region = 'eu-central-1';

/** The tag `Name` of the first machine. */
const coreOne = 'flotilla-test-core-1';

function found(said: string, pattern: RegExp): string {
  const [, text] = pattern.exec(said) ?? [];
  if (text === undefined) throw new Error(`it did not say ${pattern}`);
  return text;
}

export async function openAws(): Promise<FaultyCloud> {
  const moto = await startMoto();
  const proxy = await startProxy(moto.url, new FakeMachines());
  const ec2 = new EC2Client({
    endpoint: proxy.url,
    region,
    credentials: { accessKeyId: 'other', secretAccessKey: 'other' },
  });
  const endpoints = ['ec2', 'elbv2', 'ssm'].map((service) => [service, proxy.url]);
  const { inventory } = proxy;
  return {
    config: (loadBalancer) => ({
      'aws:region': region,
      'aws:skipCredentialsValidation': 'true',
      'aws:skipRequestingAccountId': 'true',
      'aws:endpoints': JSON.stringify([Object.fromEntries(endpoints)]),
      'flotilla:platform': 'aws',
      'flotilla:aws': { sshFrom: ['192.0.2.0/24'], zones: ['a', 'b'], loadBalancer },
    }),
    variables: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    faults: proxy.faults,
    inventory: () => withoutChance(inventory.names()),
    changes: () => proxy.trace.changes().length,
    deeds: {
      'remove the key': async (said) => {
        await ec2.send(
          new DeleteKeyPairCommand({ KeyName: found(said, /keypair '([^']+)' already exists/i) }),
        );
      },
      'remove the security group': async (said) => {
        const name = found(said, /security group '([^']+)' already exists/i);
        const { SecurityGroups = [] } = await ec2.send(
          new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: [name] }] }),
        );
        for (const { GroupId } of SecurityGroups) await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
      },
      'remove the subnet': async (said) => {
        const range = found(said, /CIDR '([^']+)' conflicts/);
        const { Subnets = [] } = await ec2.send(
          new DescribeSubnetsCommand({ Filters: [{ Name: 'cidr-block', Values: [range] }] }),
        );
        for (const { SubnetId } of Subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
      },
      'terminate core-1': async () => {
        await ec2.send(new TerminateInstancesCommand({ InstanceIds: [inventory.idOf('instance', coreOne)] }));
      },
    },
    failures: () => proxy.failures,
    async close() {
      ec2.destroy();
      await proxy.close();
      await moto.stop();
    },
  };
}
