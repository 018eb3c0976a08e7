import { Agent } from 'node:http';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SSMClient } from '@aws-sdk/client-ssm';
import type * as z from 'zod';
import type * as plugin from '../../plugin/resource-type.ts';
import { Retries } from './retries.ts';
import type { Settings } from './settings.ts';

/** What a resource type works with. */
export interface Session {
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ssm: SSMClient;
  readonly settings: Settings;
}

export type ResourceType<Shape extends z.core.$ZodShape> = plugin.ResourceType<Session, Shape>;

export function createSession(settings: Settings): Session {
  const { region, credentials, endpoints } = settings;
  const common = {
    region,
    credentials,
    retryStrategy: new Retries(settings),
    // A connection that the test cloud cuts must not be one that another call uses.
    requestHandler: { httpAgent: new Agent({ keepAlive: false }) },
  };
  return {
    ec2: new EC2Client({ ...common, endpoint: endpoints.ec2 }),
    elb: new ElasticLoadBalancingV2Client({ ...common, endpoint: endpoints.elbv2 }),
    ssm: new SSMClient({ ...common, endpoint: endpoints.ssm }),
    settings,
  };
}
