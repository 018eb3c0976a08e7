import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { waitFor } from '../../plugin/wait.ts';
import { type DropletReply, getDroplet, powerCycle, waitForDroplet } from './droplet-wait.ts';
import { isGone, unlessGone } from './gone.ts';
import { autoName, type ResourceType, type Session } from './resource-type.ts';

const filled = z.string().min(1);
const inputs = z.strictObject({
  name: filled,
  image: filled,
  size: filled,
  region: filled.optional(),
  dropletAgent: z.boolean().optional(),
  gracefulShutdown: z.boolean().optional(),
  ipv6: z.boolean().optional(),
  monitoring: z.boolean().optional(),
  resizeDisk: z.boolean().optional(),
  sshKeys: z.array(filled).optional(),
  tags: z.array(filled).optional(),
  userData: filled.optional(),
  vpcUuid: filled.optional(),
});

const Created = z.object({ droplet: z.object({ id: z.number() }) });

export const droplet: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: [
    'createdAt',
    'disk',
    'dropletUrn',
    'ipv4Address',
    'ipv4AddressPrivate',
    'ipv6Address',
    'locked',
    'memory',
    'priceHourly',
    'priceMonthly',
    'privateNetworking',
    'publicNetworking',
    'region',
    'status',
    'vcpus',
    'volumeIds',
    'vpcUuid',
  ],
  changes: {
    image: 'replace',
    region: 'replace',
    sshKeys: 'replace',
    userData: 'replace',
    monitoring: 'replace',
    dropletAgent: 'replace',
    vpcUuid: 'replace',
    ipv6: (old, value) => old === true && value !== true,
  },
  defaults: { gracefulShutdown: false, ipv6: false, monitoring: false, resizeDisk: true },
  sets: ['sshKeys', 'tags'],
  autoName,
  shown: ({ userData }) => (userData === undefined ? {} : { userData: sha1(userData) }),
  async create(session, wanted, made) {
    const reply = await session.client.call('POST', '/v2/droplets', request(wanted));
    const id = String(Created.parse(reply).droplet.id);
    made(id);
    const change = { attribute: 'status', target: 'active', pending: ['new'] } as const;
    made(id, outputs(id, await waitForDroplet(session, id, change, 'create')));
  },
  async read({ client }, id) {
    const found = await unlessGone(getDroplet(client, id));
    return found && outputs(id, found);
  },
  async update(session, id, wanted, old) {
    if (wanted.size !== old.size) await powerCycle(session, id, wanted.size, wanted.resizeDisk ?? true);
    if (wanted.name !== old.name) await rename(session, id, wanted.name, String(old.name));
    if (wanted.ipv6 && old.ipv6 !== true) await enableIpv6(session, id);
    await retag(session, id, wanted.tags ?? [], z.array(z.string()).optional().parse(old.tags) ?? []);
  },
  async remove(session, id, { gracefulShutdown }) {
    const unlocked = { attribute: 'locked', target: 'false', pending: ['', 'true'] } as const;
    await waitForDroplet(session, id, unlocked, 'delete');
    if (gracefulShutdown === true) {
      await session.client.call('POST', `/v2/droplets/${id}/actions`, { type: 'shutdown' });
      const off = { attribute: 'status', target: 'off', pending: ['active'] } as const;
      await waitForDroplet(session, id, off, 'delete');
    }
    // Whatever it answers: the wait tells.
    await session.client.call('DELETE', `/v2/droplets/${id}`).catch(() => undefined);
    await waitUntilGone(session, id);
  },
};

function outputs(id: string, found: DropletReply): Properties {
  const { networks, size, features } = found;
  const address = (list: typeof networks.v4, type: string) =>
    list.find((each) => each.type === type)?.ip_address ?? '';
  return {
    name: found.name,
    dropletUrn: `do:droplet:${id}`,
    region: found.region.slug,
    size: size.slug,
    priceHourly: size.price_hourly,
    priceMonthly: size.price_monthly,
    disk: found.disk,
    vcpus: found.vcpus,
    memory: found.memory,
    status: found.status,
    locked: found.locked,
    createdAt: found.created_at,
    vpcUuid: found.vpc_uuid,
    ipv4Address: address(networks.v4, 'public'),
    ipv4AddressPrivate: address(networks.v4, 'private'),
    ipv6Address: address(networks.v6, 'public').toLowerCase(),
    publicNetworking: address(networks.v4, 'public') !== '',
    ipv6: features.includes('ipv6'),
    privateNetworking: features.includes('private_networking'),
    monitoring: features.includes('monitoring'),
    volumeIds: found.volume_ids,
    tags: found.tags,
  };
}

async function waitUntilGone({ client, settings }: Session, id: string): Promise<void> {
  const look = async () => {
    try {
      return (await getDroplet(client, id)).status;
    } catch (error) {
      if (isGone(error)) return 'Not Found';
      throw error;
    }
  };
  const wait = { pending: ['active', 'off'], target: 'Not Found', look, timeout: 60, delay: 10, poll: 3 };
  await waitFor(wait, settings).catch((cause: unknown) => {
    throw new Error(`Error deleting droplet: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
}

function request(wanted: z.output<typeof inputs>): object {
  const { name, region = '', size, image, sshKeys = [], tags = [], ipv6, monitoring } = wanted;
  return {
    name,
    region,
    size,
    image: numeric(image),
    ssh_keys: sshKeys.map(numeric),
    backups: false,
    ipv6: ipv6 ?? false,
    private_networking: false,
    monitoring: monitoring ?? false,
    user_data: wanted.userData,
    tags,
    vpc_uuid: wanted.vpcUuid,
    with_droplet_agent: wanted.dropletAgent,
  };
}

/** Ids are numbers, all other names of keys and images text. */
function numeric(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

async function rename(session: Session, id: string, name: string, old: string): Promise<void> {
  await session.client.call('POST', `/v2/droplets/${id}/actions`, { type: 'rename', name });
  await waitForDroplet(session, id, { attribute: 'name', target: name, pending: ['', old] }, 'update');
}

async function enableIpv6(session: Session, id: string): Promise<void> {
  await session.client.call('POST', `/v2/droplets/${id}/actions`, { type: 'enable_ipv6' });
  await waitForDroplet(session, id, { attribute: 'ipv6', target: 'true', pending: ['', 'false'] }, 'update');
}

async function retag({ client }: Session, id: string, tags: readonly string[], old: readonly string[]) {
  const body = { resources: [{ resource_id: id, resource_type: 'droplet' }] };
  for (const tag of old.filter((each) => !tags.includes(each)))
    await client.call('DELETE', `/v2/tags/${tag}/resources`, body);
  for (const name of tags.filter((each) => !old.includes(each))) {
    await client.call('POST', '/v2/tags', { name });
    await client.call('POST', `/v2/tags/${name}/resources`, body);
  }
}
