import {
  DescribeInstancesCommand,
  type EC2Client,
  type Instance,
  type InstanceStateName,
} from '@aws-sdk/client-ec2';
import { messageOf } from '../../../../src/model/message-of.ts';
import { waitFor } from '../../plugin/wait.ts';
import { unlessGone } from './failure.ts';
import { required } from './read.ts';
import type { Session } from './session.ts';

/** Seconds, for each of it. */
const timeouts = { created: 600, stopped: 600, started: 600, terminated: 1200 } as const;

/** What is waited for: the state in the end, and those that may be on the way there. */
const waits: Readonly<
  Record<keyof typeof timeouts, { target: InstanceStateName; pending: InstanceStateName[] }>
> = {
  created: { target: 'running', pending: ['pending'] },
  stopped: { target: 'stopped', pending: ['pending', 'running', 'shutting-down', 'stopping'] },
  started: { target: 'running', pending: ['pending', 'stopped'] },
  terminated: {
    target: 'terminated',
    pending: ['pending', 'running', 'shutting-down', 'stopping', 'stopped'],
  },
};

/** Also one that was terminated: AWS shows it for an hour. */
export async function findInstance(ec2: EC2Client, id: string): Promise<Instance | undefined> {
  const reply = ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return (await unlessGone(reply, 'InvalidInstanceID.NotFound'))?.Reservations?.[0]?.Instances?.[0];
}

/**
 * Waits until an instance was created, stopped, started or terminated. 10 s pass before the first look.
 *
 * @throws Error with the state it is in and AWS's reason
 */
export async function waitForInstance(
  { ec2, settings }: Session,
  id: string,
  what: keyof typeof waits,
): Promise<Instance> {
  let seen: Instance | undefined;
  const look = async () => {
    const found = await findInstance(ec2, id);
    if (found) seen = found;
    return found?.State?.Name;
  };
  const wait = { ...waits[what], look, timeout: timeouts[what], delay: 10, poll: 3 };
  await waitFor(wait, settings).catch((cause: unknown) => {
    const reason = seen?.StateReason?.Message;
    const because = reason === undefined || reason === '' ? '' : `: ${reason}`;
    throw new Error(`waiting for EC2 Instance (${id}) to be ${what}: ${messageOf(cause)}${because}`);
  });
  return required(seen, 'Instance');
}
