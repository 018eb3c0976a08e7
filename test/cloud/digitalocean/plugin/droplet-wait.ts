import * as z from 'zod';
import { waitFor } from '../../plugin/wait.ts';
import type { Client } from './client.ts';
import { isGone } from './gone.ts';
import type { Session } from './resource-type.ts';

const Address = z.object({ ip_address: z.string(), type: z.string() });
/** What the stock plugin reads without asking whether it is there. */
const Reply = z.object({
  droplet: z.object({
    name: z.string(),
    status: z.string(),
    locked: z.boolean(),
    created_at: z.string(),
    memory: z.number(),
    vcpus: z.number(),
    disk: z.number(),
    region: z.object({ slug: z.string() }),
    size: z.object({ slug: z.string(), price_hourly: z.number(), price_monthly: z.number() }),
    networks: z.object({ v4: z.array(Address), v6: z.array(Address) }),
    features: z.array(z.string()),
    volume_ids: z.array(z.string()),
    tags: z.array(z.string()),
    vpc_uuid: z.string(),
  }),
});
const Started = z.object({ action: z.object({ id: z.number() }) });
const ActionReply = z.object({
  action: z.object({ status: z.string(), completed_at: z.string().nullable() }),
});

export type DropletReply = z.output<typeof Reply>['droplet'];

/** What 404 means: not there yet, gone as wanted, or lost. */
export type Operation = 'create' | 'delete' | 'update';

export interface Change {
  readonly attribute: 'status' | 'locked' | 'name' | 'ipv6';
  readonly target: string;
  readonly pending: readonly string[];
}

/** Seconds. */
const timeouts: Readonly<Record<Operation, number>> = { create: 3600, update: 3600, delete: 60 };

/** @throws ApiFailure */
export async function getDroplet(client: Client, id: string): Promise<DropletReply> {
  return Reply.parse(await client.call('GET', `/v2/droplets/${id}`)).droplet;
}

/** 10 s pass before the first look, whatever is waited for. A locked droplet is not looked at. */
export async function waitForDroplet(
  { client, settings }: Session,
  id: string,
  { attribute, target, pending }: Change,
  operation: Operation,
): Promise<DropletReply> {
  let seen: DropletReply | undefined;
  const look = async () => {
    try {
      const droplet = await getDroplet(client, id);
      seen = droplet;
      const ipv6 = droplet.features.includes('ipv6');
      return droplet.locked ? undefined : String({ ...droplet, ipv6 }[attribute]);
    } catch (error) {
      if (!isGone(error)) throw error;
      if (operation === 'update') throw new Error(`droplet (${id}) not found during update`);
      return operation === 'delete' ? 'Not Found' : undefined;
    }
  };
  const times = { timeout: timeouts[operation], delay: 10, poll: 3, blindLooks: 120 };
  await waitFor({ pending, target, look, ...times }, settings).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Error waiting for droplet (${id}) to have ${attribute} of ${target}: ${reason}`, {
      cause,
    });
  });
  if (!seen) throw new Error(`droplet (${id}) was never seen`);
  return seen;
}

/** Off, another size, on again; also where the size is refused. */
export async function powerCycle(session: Session, id: string, size: string, disk: boolean): Promise<void> {
  const { client } = session;
  const act = (body: object) => client.call('POST', `/v2/droplets/${id}/actions`, body);
  await act({ type: 'power_off' }).catch((error: unknown) => {
    if (!String(error).includes('Droplet is already powered off')) throw error;
  });
  await waitForDroplet(session, id, { attribute: 'status', target: 'off', pending: ['active'] }, 'update');
  try {
    const started = Started.parse(await act({ type: 'resize', size, disk }));
    await waitForAction(session, started.action.id);
  } finally {
    await act({ type: 'power_on' });
    await waitForDroplet(session, id, { attribute: 'status', target: 'active', pending: ['off'] }, 'update');
  }
}

async function waitForAction({ client, settings }: Session, id: number): Promise<void> {
  const look = async () => {
    const { status, completed_at } = ActionReply.parse(await client.call('GET', `/v2/actions/${id}`)).action;
    if (status === 'errored') return status;
    return completed_at === null ? 'in-progress' : 'completed';
  };
  const times = { timeout: 3600, delay: 10, poll: 3, blindLooks: 60 };
  await waitFor({ pending: ['in-progress'], target: 'completed', look, ...times }, settings);
}
