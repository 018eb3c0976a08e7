import * as z from 'zod';
import { unlessGone } from './gone.ts';
import { camel, camelName, snake } from './names.ts';
import { autoName, type ResourceType } from './resource-type.ts';

const list = z.array(z.string()).optional();
const ids = z.array(z.number()).optional();
const rule = { protocol: z.enum(['tcp', 'udp', 'icmp']), portRange: z.string().min(1).optional() };
const Inbound = z.strictObject({
  ...rule,
  sourceAddresses: list,
  sourceDropletIds: ids,
  sourceKubernetesIds: list,
  sourceLoadBalancerUids: list,
  sourceTags: list,
});
const Outbound = z.strictObject({
  ...rule,
  destinationAddresses: list,
  destinationDropletIds: ids,
  destinationKubernetesIds: list,
  destinationLoadBalancerUids: list,
  destinationTags: list,
});
const inputs = z.strictObject({
  name: z.string().min(1),
  inboundRules: z.array(Inbound).optional(),
  outboundRules: z.array(Outbound).optional(),
  dropletIds: ids,
  tags: list,
});

const wireRule = { protocol: z.string(), ports: z.string() };
const Peers = z.record(z.string(), z.array(z.union([z.string(), z.number()])));
const Reply = z.object({
  firewall: z.object({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    created_at: z.string(),
    inbound_rules: z.array(z.object({ ...wireRule, sources: Peers })),
    outbound_rules: z.array(z.object({ ...wireRule, destinations: Peers })),
    droplet_ids: z.array(z.number()).nullable(),
    tags: z.array(z.string()).nullable(),
    pending_changes: z.array(z.object({ droplet_id: z.number(), removing: z.boolean(), status: z.string() })),
  }),
});

export const firewall: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: ['createdAt', 'pendingChanges', 'status'],
  changes: {},
  sets: ['inboundRules', 'outboundRules', 'dropletIds', 'tags'],
  autoName,
  async create({ client }, wanted, made) {
    made(Reply.parse(await client.call('POST', '/v2/firewalls', request(wanted))).firewall.id);
  },
  async read({ client }, id) {
    const reply = await unlessGone(client.call('GET', `/v2/firewalls/${id}`));
    if (reply === undefined) return undefined;
    const found = Reply.parse(reply).firewall;
    const [inbound, outbound] = [found.inbound_rules, found.outbound_rules];
    return {
      name: found.name,
      status: found.status,
      createdAt: found.created_at,
      pendingChanges: camel(found.pending_changes),
      inboundRules: inbound.map(({ sources, ...each }) => fromWire(each, 'source', sources)),
      outboundRules: outbound.map(({ destinations, ...each }) => fromWire(each, 'destination', destinations)),
      dropletIds: found.droplet_ids ?? [],
      tags: found.tags ?? [],
    };
  },
  async update({ client }, id, wanted) {
    await client.call('PUT', `/v2/firewalls/${id}`, request(wanted));
  },
  async remove({ client }, id) {
    await unlessGone(client.call('DELETE', `/v2/firewalls/${id}`));
  },
};

function request({
  name,
  inboundRules = [],
  outboundRules = [],
  dropletIds,
  tags = [],
}: z.output<typeof inputs>) {
  for (const { protocol, portRange } of [...inboundRules, ...outboundRules])
    if (protocol !== 'icmp' && portRange === undefined)
      throw new Error('`port_range` of rules is required if protocol is `tcp` or `udp`');
  return {
    name,
    inbound_rules: inboundRules.map((each) => toWire(each, 'source', 'sources')),
    outbound_rules: outboundRules.map((each) => toWire(each, 'destination', 'destinations')),
    droplet_ids: dropletIds ?? null,
    tags,
  };
}

type Rule = z.output<typeof Inbound> | z.output<typeof Outbound>;

/** `sourceDropletIds` is `sources.droplet_ids` there. */
function toWire({ protocol, portRange, ...peers }: Rule, side: string, key: string): object {
  const named = Object.entries(peers).map(([name, value]) => {
    const rest = name.slice(side.length);
    return [rest.charAt(0).toLowerCase() + rest.slice(1), value] as const;
  });
  return {
    protocol,
    ...(portRange !== undefined && { ports: portRange }),
    [key]: snake(Object.fromEntries(named)),
  };
}

/** All ports are "0" there and `all` here; ICMP has none. */
function fromWire(
  { protocol, ports }: { protocol: string; ports: string },
  side: string,
  peers: object,
): object {
  const portRange = ports === '0' ? 'all' : ports;
  const named = Object.entries(peers).map(([name, value]) => [camelName(`${side}_${name}`), value] as const);
  return {
    protocol,
    ...((protocol !== 'icmp' || ports !== '0') && { portRange }),
    ...Object.fromEntries(named),
  };
}
