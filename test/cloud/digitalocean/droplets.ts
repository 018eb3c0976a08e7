import * as z from 'zod';
import { freeAddress, parseNetwork } from './addresses.ts';
import { accepted, type Call, demand, found, noContent, ok, page, type Routes, read } from './answer.ts';
import { findImage, findRegion, findSize } from './catalog.ts';
import { type Cloud, now } from './cloud.ts';
import { bootDroplet, removeDroplet } from './droplet-life.ts';
import { viewDroplet } from './droplet-view.ts';
import type { Droplet, Vpc } from './inventory.ts';
import { findKey } from './keys.ts';
import { addTags } from './tags.ts';
import { defaultVpc } from './vpcs.ts';

const Create = z.object({
  name: z.string(),
  region: z.string().optional(),
  size: z.string(),
  image: z.union([z.string(), z.number()]),
  ssh_keys: z.array(z.union([z.string(), z.number()])).nullish(),
  backups: z.boolean().default(false),
  ipv6: z.boolean().default(false),
  monitoring: z.boolean().default(false),
  user_data: z.string().default(''),
  tags: z.array(z.string()).nullish(),
  vpc_uuid: z.string().optional(),
});

/** "It must be plain text and may not exceed 64 KiB in size" (API reference). */
const mostUserData = 64 * 1024;

export function dropletRoutes(cloud: Cloud): Routes {
  const { droplets } = cloud.inventory;
  return {
    'GET /v2/droplets': (call) => page(call, 'droplets', select(cloud, call).map(viewDroplet)),
    'POST /v2/droplets': ({ body, base }) => {
      const droplet = plan(cloud, read(Create, body));
      droplets.set(droplet.id, droplet);
      addTags(cloud, droplet.tags);
      cloud.trace.add({ kind: 'created', type: 'droplet', name: droplet.name, id: String(droplet.id) });
      const { id } = bootDroplet(cloud, droplet);
      const action = { id, rel: 'create', href: `${base}/v2/actions/${id}` };
      return accepted({ droplet: viewDroplet(droplet), links: { actions: [action] } });
    },
    'GET /v2/droplets/:droplet': (call) => ok({ droplet: viewDroplet(askedDroplet(cloud, call)) }),
    'DELETE /v2/droplets/:droplet': (call) => {
      const droplet = askedDroplet(cloud, call);
      demand(!droplet.deleting && !droplet.locked, 'Droplet already has a pending event.');
      removeDroplet(cloud, droplet);
      return noContent;
    },
  };
}

/** @throws ApiError 404 */
export function askedDroplet({ inventory }: Cloud, { params }: Call): Droplet {
  return found(inventory.droplets.get(Number(params.droplet)));
}

/** @throws ApiError 422 */
export function demandHostName(name: string): void {
  const valid = /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$/.test(name);
  demand(valid, 'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)');
}

function select({ inventory }: Cloud, { query }: Call): Droplet[] {
  const [tag, name] = [query.get('tag_name'), query.get('name')];
  return [...inventory.droplets.values()]
    .filter((droplet) => tag === null || droplet.tags.includes(tag))
    .filter((droplet) => name === null || droplet.name === name);
}

function plan(cloud: Cloud, wanted: z.output<typeof Create>): Droplet {
  demandHostName(wanted.name);
  const region = findRegion(wanted.region || 'nyc3');
  demand(region?.available === true, 'You specified an invalid region for Droplet creation.');
  const size = findSize(wanted.size);
  demand(size !== undefined, 'You specified an invalid size for Droplet creation.');
  demand(size.regions.includes(region.slug), 'Size is not available in this region.');
  const image = findImage(wanted.image);
  demand(image !== undefined, 'You specified an invalid image for Droplet creation.');
  demand(Buffer.byteLength(wanted.user_data) <= mostUserData, 'User data can not exceed 64 KiB.');
  const room = cloud.inventory.droplets.size < cloud.dropletLimit;
  demand(room, 'creating this/these droplet(s) will exceed your droplet limit');
  const vpc = chosenVpc(cloud, wanted.vpc_uuid, region.slug);
  const features = { backups: wanted.backups, ipv6: wanted.ipv6, monitoring: wanted.monitoring };
  return {
    id: cloud.number(),
    name: wanted.name,
    created_at: now(),
    region,
    size,
    disk: size.disk,
    image,
    features: [
      ...Object.entries(features).flatMap(([name, on]) => (on ? [name] : [])),
      'droplet_agent',
      'private_networking',
    ],
    vpc: vpc.id,
    privateAddress: privateAddress(cloud, vpc),
    keys: chosenKeys(cloud, wanted.ssh_keys ?? []),
    userData: wanted.user_data,
    status: 'new',
    locked: false,
    addresses: undefined,
    tags: [...new Set(wanted.tags ?? [])],
    deleting: false,
  };
}

function chosenKeys(cloud: Cloud, names: readonly (string | number)[]) {
  const unknown = names.filter((name) => !findKey(cloud, name));
  demand(unknown.length === 0, `${unknown.join(', ')} are invalid key identifiers for Droplet creation.`);
  return names.flatMap((name) => findKey(cloud, name) ?? []);
}

function chosenVpc(cloud: Cloud, id: string | undefined, region: string): Vpc {
  if (!id) return defaultVpc(cloud, region);
  const vpc = cloud.inventory.vpcs.get(id);
  demand(vpc !== undefined, 'You specified an invalid VPC for Droplet creation.');
  demand(vpc.region === region, 'The VPC is in another region than the Droplet.');
  return vpc;
}

function privateAddress({ inventory }: Cloud, { id, ip_range }: Vpc): string {
  const network = found(parseNetwork(ip_range));
  const neighbours = [...inventory.droplets.values()].filter(({ vpc }) => vpc === id);
  return freeAddress(
    network,
    neighbours.map((each) => each.privateAddress),
  );
}
