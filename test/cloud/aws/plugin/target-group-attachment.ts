import { randomBytes } from 'node:crypto';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { retry } from '../../plugin/wait.ts';
import { awsType } from './aws-type.ts';
import { doing, isCode, unlessGone } from './failure.ts';

const inputs = z.strictObject({
  region: z.string().optional(),
  targetGroupArn: z.string(),
  targetId: z.string(),
  port: z.number().int().min(1).max(65_535).optional(),
  availabilityZone: z.string().optional(),
});

const Known = z.object({ targetGroupArn: z.string(), targetId: z.string(), port: z.number().optional() });

/** Seconds in which a new instance must be known to load balancing. */
const createTimeout = 600;
const gone = ['TargetGroupNotFound', 'InvalidTarget'];
/** Reasons of load balancing by which a target is not one any more. */
const notThere = ['Target.NotRegistered', 'Target.DeregistrationInProgress'];

export const targetGroupAttachment = awsType<typeof inputs.shape>({
  inputs,
  computed: [],
  changes: {
    region: 'replace',
    targetGroupArn: 'replace',
    targetId: 'replace',
    port: 'replace',
    availabilityZone: 'replace',
  },
  async create({ elb, settings }, wanted, made) {
    const { targetGroupArn } = wanted;
    const command = new RegisterTargetsCommand({
      TargetGroupArn: targetGroupArn,
      Targets: [targetOf(wanted)],
    });
    const early = (error: unknown) => isCode(error, 'InvalidTarget');
    const register = async () => void (await elb.send(command));
    const what = `registering ELBv2 Target Group (${targetGroupArn}) target`;
    await doing(what, retry(register, early, createTimeout, settings));
    made(`${targetGroupArn}-${randomBytes(13).toString('hex')}`);
  },
  async read({ elb }, _id, known) {
    return (await isThere(elb, known)) ? Known.parse(known) : undefined;
  },
  async remove({ elb }, id, known) {
    const { targetGroupArn: TargetGroupArn } = Known.parse(known);
    const command = new DeregisterTargetsCommand({ TargetGroupArn, Targets: [targetOf(known)] });
    await doing(`deregistering ELBv2 Target Group target (${id})`, unlessGone(elb.send(command), ...gone));
  },
});

function targetOf(known: Properties) {
  const { targetId: Id, port: Port } = Known.parse(known);
  return { Id, ...(Port !== undefined && { Port }) };
}

async function isThere(elb: ElasticLoadBalancingV2Client, known: Properties): Promise<boolean> {
  const { targetGroupArn: TargetGroupArn } = Known.parse(known);
  const command = new DescribeTargetHealthCommand({ TargetGroupArn, Targets: [targetOf(known)] });
  const reply = await unlessGone(elb.send(command), ...gone);
  const health = reply?.TargetHealthDescriptions?.[0]?.TargetHealth;
  return health !== undefined && !notThere.includes(health.Reason ?? '');
}
