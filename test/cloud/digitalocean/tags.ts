import * as z from 'zod';
import { ApiError, type Call, created, found, noContent, ok, page, type Routes, read } from './answer.ts';
import type { Cloud } from './cloud.ts';

const Create = z.object({ name: z.string() });
const Resources = z.object({
  resources: z.array(z.object({ resource_id: z.string(), resource_type: z.string() })),
});

export function tagRoutes(cloud: Cloud): Routes {
  const { tags, droplets, firewalls } = cloud.inventory;
  const asked = ({ params }: Call) => found(tags.has(params.tag ?? '') ? params.tag : undefined);
  const change = (call: Call, changed: (old: readonly string[], tag: string) => readonly string[]) => {
    const tag = asked(call);
    const { resources } = read(Resources, call.body);
    const tagged = resources.map(({ resource_id, resource_type }) =>
      found(resource_type === 'droplet' ? droplets.get(Number(resource_id)) : undefined),
    );
    for (const droplet of tagged) droplet.tags = changed(droplet.tags, tag);
    return noContent;
  };
  return {
    'GET /v2/tags': (call) =>
      page(
        call,
        'tags',
        [...tags].map((tag) => view(cloud, tag)),
      ),
    'POST /v2/tags': ({ body }) => {
      const { name } = read(Create, body);
      addTags(cloud, [name]);
      return created({ tag: view(cloud, name) });
    },
    'GET /v2/tags/:tag': (call) => ok({ tag: view(cloud, asked(call)) }),
    'DELETE /v2/tags/:tag': (call) => {
      const tag = asked(call);
      tags.delete(tag);
      for (const each of [...droplets.values(), ...firewalls.values()])
        each.tags = each.tags.filter((other) => other !== tag);
      cloud.trace.add({ kind: 'deleted', type: 'tag', name: tag, id: tag });
      return noContent;
    },
    'POST /v2/tags/:tag/resources': (call) => change(call, (old, tag) => [...new Set([...old, tag])]),
    'DELETE /v2/tags/:tag/resources': (call) =>
      change(call, (old, tag) => old.filter((other) => other !== tag)),
  };
}

/**
 * A droplet's tags come into being with it, if need be, and stay when it goes.
 *
 * @throws ApiError 400 for what can't be a tag
 */
export function addTags({ inventory, trace }: Cloud, names: readonly string[]): void {
  const bad = names.find((name) => !/^[a-zA-Z0-9_\-:]{1,255}$/.test(name));
  if (bad !== undefined)
    throw new ApiError(400, `Error validating resource tag: tag-name "${bad}" contains invalid characters`);
  for (const name of names.filter((each) => !inventory.tags.has(each))) {
    inventory.tags.add(name);
    trace.add({ kind: 'created', type: 'tag', name, id: name });
  }
}

/** Ids of the droplets that have it. */
export function taggedDroplets({ inventory }: Cloud, tag: string): number[] {
  return [...inventory.droplets.values()].filter(({ tags }) => tags.includes(tag)).map(({ id }) => id);
}

function view(cloud: Cloud, name: string) {
  const { length: count } = taggedDroplets(cloud, name);
  const none = { count: 0 };
  return {
    name,
    resources: {
      count,
      droplets: { count },
      images: none,
      volumes: none,
      volume_snapshots: none,
      databases: none,
    },
  };
}
