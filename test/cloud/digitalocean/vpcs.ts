import * as z from 'zod';
import { freeNetwork, isPrivate, overlaps, parseNetwork } from './addresses.ts';
import {
  ApiError,
  type Call,
  created,
  demand,
  found,
  noContent,
  ok,
  page,
  type Routes,
  read,
} from './answer.ts';
import { findRegion } from './catalog.ts';
import { type Cloud, now } from './cloud.ts';
import type { Vpc } from './inventory.ts';

const Name = z.string().regex(/^[a-zA-Z0-9\-.]+$/, 'name may only contain letters, digits, - and .');
const Description = z.string().max(255);
const Create = z.object({
  name: Name,
  region: z.string(),
  description: Description.default(''),
  ip_range: z.string().optional(),
});
const Update = z.object({
  name: Name.optional(),
  description: Description.optional(),
  default: z.boolean().optional(),
});

export function vpcRoutes(cloud: Cloud): Routes {
  const { vpcs } = cloud.inventory;
  const asked = ({ params }: Call) => found(vpcs.get(params.vpc ?? ''));
  const update = (call: Call) => {
    const old = asked(call);
    const change = read(Update, call.body);
    if (change.name !== undefined && change.name !== old.name) demandFreeName(cloud, change.name);
    if (change.default === false) demand(!old.default, 'a default VPC can not be unset');
    const vpc: Vpc = {
      ...old,
      name: change.name ?? old.name,
      description: change.description ?? old.description,
      default: change.default ?? old.default,
    };
    if (vpc.default)
      for (const other of vpcs.values())
        if (other.region === vpc.region) vpcs.set(other.id, { ...other, default: false });
    vpcs.set(vpc.id, vpc);
    return ok({ vpc });
  };
  return {
    'GET /v2/vpcs': (call) => page(call, 'vpcs', [...vpcs.values()]),
    'POST /v2/vpcs': ({ body }) => created({ vpc: createVpc(cloud, read(Create, body)) }),
    'GET /v2/vpcs/:vpc': (call) => ok({ vpc: asked(call) }),
    'PUT /v2/vpcs/:vpc': update,
    'PATCH /v2/vpcs/:vpc': update,
    'DELETE /v2/vpcs/:vpc': (call) => {
      const { id, name, default: isDefault } = asked(call);
      if (isDefault) throw new ApiError(403, 'Can not delete default VPCs');
      if (members(cloud, id).length > 0) throw new ApiError(409, 'Can not delete VPC with members');
      vpcs.delete(id);
      cloud.trace.add({ kind: 'deleted', type: 'vpc', name, id });
      return noContent;
    },
    'GET /v2/vpcs/:vpc/members': (call) => page(call, 'members', members(cloud, asked(call).id)),
  };
}

/**
 * The first VPC of a region becomes its default, which can't be deleted (API reference, "Create a New VPC"): an account
 * that was never used in a region keeps it.
 */
function createVpc(cloud: Cloud, { name, region, description, ip_range }: z.output<typeof Create>): Vpc {
  demand(findRegion(region)?.available === true, 'region is invalid');
  demandFreeName(cloud, name);
  const range = ip_range ? checkedRange(cloud, ip_range) : freeNetwork(networks(cloud));
  const first = ![...cloud.inventory.vpcs.values()].some((vpc) => vpc.region === region);
  const vpc = addVpc(cloud, { name, region, description, ip_range: range, default: first });
  cloud.trace.add({ kind: 'created', type: 'vpc', name, id: vpc.id });
  return vpc;
}

/** Where droplets and load balancers go that name no VPC. It comes with the first of them. */
export function defaultVpc(cloud: Cloud, region: string): Vpc {
  const own = [...cloud.inventory.vpcs.values()].find((vpc) => vpc.region === region && vpc.default);
  if (own) return own;
  const ip_range = freeNetwork(networks(cloud));
  return addVpc(cloud, { name: `default-${region}`, region, description: '', ip_range, default: true });
}

function addVpc(cloud: Cloud, facts: Omit<Vpc, 'id' | 'urn' | 'created_at'>): Vpc {
  const id = cloud.uuid();
  const vpc: Vpc = { id, urn: `do:vpc:${id}`, created_at: now(), ...facts };
  cloud.inventory.vpcs.set(id, vpc);
  return vpc;
}

function demandFreeName({ inventory }: Cloud, name: string): void {
  const taken = [...inventory.vpcs.values()].some((vpc) => vpc.name === name);
  demand(!taken, 'name is already in use');
}

function checkedRange(cloud: Cloud, cidr: string): string {
  const network = parseNetwork(cidr);
  demand(network !== undefined, 'ip_range is not a valid CIDR');
  demand(network.prefix >= 16 && network.prefix <= 28, 'ip_range must be between /16 and /28');
  demand(isPrivate(network), 'ip_range must be within a private range (RFC1918)');
  const taken = networks(cloud).some((other) => overlaps(network, other));
  demand(!taken, 'This range/size overlaps with another VPC network in your account');
  return cidr;
}

function networks({ inventory }: Cloud) {
  return [...inventory.vpcs.values()].flatMap((vpc) => parseNetwork(vpc.ip_range) ?? []);
}

function members({ inventory }: Cloud, id: string) {
  const inside = [...inventory.droplets.values(), ...inventory.loadBalancers.values()].filter(
    ({ vpc }) => vpc === id,
  );
  return inside.map(({ name, created_at, ...each }) => ({
    name,
    created_at,
    urn: typeof each.id === 'number' ? `do:droplet:${each.id}` : `do:loadbalancer:${each.id}`,
  }));
}
