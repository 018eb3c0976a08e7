import { isIP } from 'node:net';
import * as z from 'zod';
import {
  ApiError,
  accepted,
  type Call,
  demand,
  found,
  noContent,
  ok,
  page,
  type Routes,
  read,
} from './answer.ts';
import { type Cloud, now, pause } from './cloud.ts';
import type { Firewall } from './inventory.ts';

const Peers = z.object({
  addresses: z.array(z.string()).nullish(),
  tags: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  load_balancer_uids: z.array(z.string()).nullish(),
  kubernetes_ids: z.array(z.string()).nullish(),
});
const rule = { protocol: z.enum(['tcp', 'udp', 'icmp']), ports: z.string().default('') };
const Wanted = z.object({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/, 'invalid name'),
  inbound_rules: z.array(z.object({ ...rule, sources: Peers })).nullish(),
  outbound_rules: z.array(z.object({ ...rule, destinations: Peers })).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  tags: z.array(z.string()).nullish(),
});

/** Most of each that one firewall takes (DigitalOcean's "Firewall limits"). */
const most = { droplets: 10, tags: 5, rules: 50 };

export function firewallRoutes(cloud: Cloud): Routes {
  const { firewalls } = cloud.inventory;
  const asked = ({ params }: Call) => found(firewalls.get(params.firewall ?? ''));
  return {
    'GET /v2/firewalls': (call) => page(call, 'firewalls', [...firewalls.values()].map(view)),
    'POST /v2/firewalls': ({ body }) => {
      const facts = checked(cloud, read(Wanted, body), undefined);
      const firewall: Firewall = { id: cloud.uuid(), created_at: now(), status: 'waiting', ...facts };
      firewalls.set(firewall.id, firewall);
      cloud.trace.add({ kind: 'created', type: 'firewall', name: firewall.name, id: firewall.id });
      apply(cloud, firewall);
      return accepted({ firewall: view(firewall) });
    },
    'GET /v2/firewalls/:firewall': (call) => ok({ firewall: view(asked(call)) }),
    'PUT /v2/firewalls/:firewall': (call) => {
      const firewall = asked(call);
      Object.assign(firewall, checked(cloud, read(Wanted, call.body), firewall));
      apply(cloud, firewall);
      return ok({ firewall: view(firewall) });
    },
    'DELETE /v2/firewalls/:firewall': (call) => {
      const { id, name } = asked(call);
      firewalls.delete(id);
      cloud.trace.add({ kind: 'deleted', type: 'firewall', name, id });
      return noContent;
    },
  };
}

function apply(cloud: Cloud, firewall: Firewall): void {
  firewall.status = 'waiting';
  cloud.background(async () => {
    if (await pause(cloud, cloud.delays.network)) firewall.status = 'succeeded';
  });
}

/** Changes are pending for a droplet until they are applied. */
function view({ ...firewall }: Firewall) {
  const pending = firewall.status === 'waiting' ? firewall.droplet_ids : [];
  const pending_changes = pending.map((droplet_id) => ({ droplet_id, removing: false, status: 'waiting' }));
  return { ...firewall, pending_changes };
}

function checked(cloud: Cloud, wanted: z.output<typeof Wanted>, old: Firewall | undefined) {
  const { inventory } = cloud;
  const [inbound, outbound] = [wanted.inbound_rules ?? [], wanted.outbound_rules ?? []];
  const [ids, tags] = [wanted.droplet_ids ?? [], wanted.tags ?? []];
  const others = [...inventory.firewalls.values()].filter((each) => each !== old);
  if (others.some((each) => each.name === wanted.name)) throw new ApiError(409, 'duplicate name');
  demand(inbound.length + outbound.length > 0, 'must have at least one rule');
  demand(inbound.length + outbound.length <= most.rules, 'too many rules');
  demand(ids.length <= most.droplets, 'too many droplets');
  demand(tags.length <= most.tags, 'too many tags');
  demand(
    ids.every((id) => inventory.droplets.has(id)),
    'droplet not found',
  );
  demandTags(cloud, tags);
  return {
    name: wanted.name,
    inbound_rules: inbound.map(({ sources, ...each }) => ({
      ...checkedRule(each),
      sources: checkedPeers(cloud, sources),
    })),
    outbound_rules: outbound.map(({ destinations, ...each }) => ({
      ...checkedRule(each),
      destinations: checkedPeers(cloud, destinations),
    })),
    droplet_ids: ids,
    tags,
  };
}

/** All ports are "0", which is also what a rule for ICMP has. */
function checkedRule({ protocol, ports }: { protocol: string; ports: string }) {
  if (protocol === 'icmp' || ports === 'all' || ports === '0') return { protocol, ports: '0' };
  const [low, high = low, ...more] = ports.split('-').map(Number);
  const good =
    /^\d+(-\d+)?$/.test(ports) &&
    more.length === 0 &&
    low !== undefined &&
    high !== undefined &&
    low >= 1 &&
    low <= high &&
    high <= 65_535;
  demand(good, 'invalid ports');
  return { protocol, ports };
}

function checkedPeers(cloud: Cloud, peers: z.output<typeof Peers>) {
  for (const address of peers.addresses ?? []) {
    const [host = '', prefix] = address.split('/');
    const bits = isIP(host) === 4 ? 32 : 128;
    const whole = prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits);
    demand(isIP(host) > 0 && whole, 'invalid address');
  }
  demandTags(cloud, peers.tags ?? []);
  const given = Object.entries(peers).filter(([, list]) => list && list.length > 0);
  demand(given.length > 0, 'a rule must have a source or destination');
  return Object.fromEntries(given);
}

/** Unlike a droplet's, they must exist. */
function demandTags({ inventory }: Cloud, tags: readonly string[]): void {
  const missing = tags.find((tag) => !inventory.tags.has(tag));
  demand(missing === undefined, `tag ${missing} does not exist`);
}
