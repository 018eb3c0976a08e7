import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';
import { lbRetag, lbTagOutputs, lbTags } from './lb-tags.ts';
import { required } from './read.ts';
import { tagged } from './tags.ts';
import { value } from './wire.ts';

const HealthCheck = z.strictObject({
  enabled: z.boolean().optional(),
  healthyThreshold: z.number().int().min(2).max(10).optional(),
  interval: z.number().int().min(5).max(300).optional(),
  matcher: z.string().optional(),
  path: z.string().optional(),
  port: z.string().optional(),
  protocol: z.string().optional(),
  timeout: z.number().int().min(2).max(120).optional(),
  unhealthyThreshold: z.number().int().min(2).max(10).optional(),
});
const TargetHealthState = z.strictObject({
  enableUnhealthyConnectionTermination: z.boolean(),
  unhealthyDrainingInterval: z.number().int().min(0).max(360_000).optional(),
});
const inputs = z.strictObject({
  ...tagged,
  name: z.string(),
  deregistrationDelay: z.number().optional(),
  healthCheck: HealthCheck.optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  preserveClientIp: z.string().optional(),
  protocol: z.string().optional(),
  // The provider notes one block, as a list.
  targetHealthStates: z.array(TargetHealthState).max(1).optional(),
  targetType: z.string().optional(),
  vpcId: z.string().optional(),
});
type Inputs = z.output<typeof inputs>;

/** Attributes of a target group, for what is connected to a target that is not healthy any more. */
const terminates = 'target_health_state.unhealthy.connection_termination.enabled';
const drains = 'target_health_state.unhealthy.draining_interval_seconds';

/** Seconds. */
const deleteTimeout = 120;
const gone = 'TargetGroupNotFound';

export const targetGroup = awsType<typeof inputs.shape>({
  inputs,
  computed: [
    'arn',
    'arnSuffix',
    'healthCheck',
    'ipAddressType',
    'loadBalancerArns',
    'namePrefix',
    'tagsAll',
    'targetHealthStates',
  ],
  changes: {
    region: 'replace',
    name: 'replace',
    port: 'replace',
    protocol: 'replace',
    targetType: 'replace',
    vpcId: 'replace',
  },
  defaults: { targetType: 'instance', deregistrationDelay: 300 },
  innerDefaults: {
    targetHealthStates: { unhealthyDrainingInterval: 0 },
    healthCheck: {
      enabled: true,
      healthyThreshold: 3,
      interval: 30,
      port: 'traffic-port',
      protocol: 'HTTP',
      unhealthyThreshold: 3,
    },
  },
  partial: ['healthCheck'],
  autoName: { property: 'name', longest: 32 },
  async create({ elb }, wanted, made) {
    const { name, port, protocol, targetType, vpcId, tags } = wanted;
    const command = new CreateTargetGroupCommand({
      Name: name,
      Port: port,
      Protocol: value(protocol),
      TargetType: value(targetType),
      VpcId: vpcId,
      ...healthCheck(wanted),
      Tags: lbTags(tags),
    });
    const reply = await doing(`creating ELBv2 Target Group (${name})`, elb.send(command));
    const arn = required(reply.TargetGroups?.[0]?.TargetGroupArn, 'TargetGroupArn');
    made(arn);
    await setAttributes(elb, arn, wanted);
  },
  async read({ elb }, arn) {
    const found = await find(elb, arn);
    if (!found) return undefined;
    const describe = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn });
    const { Attributes = [] } = await elb.send(describe);
    const attribute = (key: string) => Attributes.find(({ Key }) => Key === key)?.Value;
    return {
      ...(await lbTagOutputs(elb, arn)),
      arn,
      arnSuffix: arn.split(':').at(-1),
      name: found.TargetGroupName,
      namePrefix: '',
      port: found.Port,
      protocol: found.Protocol,
      targetType: found.TargetType,
      vpcId: found.VpcId,
      ipAddressType: found.IpAddressType ?? 'ipv4',
      loadBalancerArns: found.LoadBalancerArns ?? [],
      deregistrationDelay: Number(attribute('deregistration_delay.timeout_seconds') ?? 300),
      preserveClientIp: attribute('preserve_client_ip.enabled') ?? '',
      targetHealthStates: [
        {
          enableUnhealthyConnectionTermination: attribute(terminates) !== 'false',
          unhealthyDrainingInterval: Number(attribute(drains) ?? 0),
        },
      ],
      healthCheck: {
        enabled: found.HealthCheckEnabled,
        healthyThreshold: found.HealthyThresholdCount,
        interval: found.HealthCheckIntervalSeconds,
        matcher: found.Matcher?.HttpCode ?? '',
        path: found.HealthCheckPath ?? '',
        port: found.HealthCheckPort,
        protocol: found.HealthCheckProtocol,
        timeout: found.HealthCheckTimeoutSeconds,
        unhealthyThreshold: found.UnhealthyThresholdCount,
      },
    };
  },
  async update({ elb }, arn, wanted, old) {
    const command = new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...healthCheck(wanted) });
    if (wanted.healthCheck) await doing(`modifying ELBv2 Target Group (${arn})`, elb.send(command));
    await setAttributes(elb, arn, wanted);
    await lbRetag(elb, arn, wanted.tags, old.tags);
  },
  async remove({ elb, settings }, arn) {
    const remove = async () => {
      await unlessGone(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn })), gone);
    };
    const busy = (error: unknown) => isCode(error, 'ResourceInUse');
    await doing(`deleting ELBv2 Target Group (${arn})`, retry(remove, busy, deleteTimeout, settings));
  },
});

async function find(elb: ElasticLoadBalancingV2Client, arn: string): Promise<TargetGroup | undefined> {
  const reply = elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
  return (await unlessGone(reply, gone))?.TargetGroups?.[0];
}

function healthCheck({ healthCheck: check }: Inputs) {
  if (!check) return {};
  return {
    HealthCheckEnabled: check.enabled,
    HealthyThresholdCount: check.healthyThreshold,
    HealthCheckIntervalSeconds: check.interval,
    ...(check.matcher !== undefined && { Matcher: { HttpCode: check.matcher } }),
    HealthCheckPath: check.path,
    HealthCheckPort: check.port,
    HealthCheckProtocol: value(check.protocol) ?? ('HTTP' as const),
    HealthCheckTimeoutSeconds: check.timeout,
    UnhealthyThresholdCount: check.unhealthyThreshold,
  };
}

async function setAttributes(
  elb: ElasticLoadBalancingV2Client,
  arn: string,
  { deregistrationDelay, preserveClientIp, protocol, targetHealthStates: [state] = [] }: Inputs,
): Promise<void> {
  const Attributes = [
    { Key: 'deregistration_delay.timeout_seconds', Value: String(deregistrationDelay ?? 300) },
    ...(preserveClientIp === undefined
      ? []
      : [{ Key: 'preserve_client_ip.enabled', Value: preserveClientIp }]),
    ...(state && (protocol === 'TCP' || protocol === 'TLS') ? healthStateAttributes(state) : []),
  ];
  const command = new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes });
  await doing(`modifying ELBv2 Target Group (${arn}) attributes`, elb.send(command));
}

/** How long is only sent where connections are left alone, since AWS refuses it otherwise. */
function healthStateAttributes(state: z.output<typeof TargetHealthState>) {
  const ends = state.enableUnhealthyConnectionTermination;
  const interval = { Key: drains, Value: String(state.unhealthyDrainingInterval ?? 0) };
  return [{ Key: terminates, Value: String(ends) }, ...(ends ? [] : [interval])];
}
