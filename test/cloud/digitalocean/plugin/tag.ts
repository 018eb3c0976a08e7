import * as z from 'zod';
import { unlessGone } from './gone.ts';
import { autoName, type ResourceType } from './resource-type.ts';

const inputs = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9:\-_]{1,255}$/, 'tags may contain letters, numbers, colons, dashes, and underscores'),
});

const Count = z.object({ count: z.number().default(0) });
const Reply = z.object({
  tag: z.object({
    name: z.string(),
    resources: Count.extend({
      droplets: Count,
      images: Count,
      volumes: Count,
      volume_snapshots: Count,
      databases: Count,
    }),
  }),
});

export const tag: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: [
    'databasesCount',
    'dropletsCount',
    'imagesCount',
    'totalResourceCount',
    'volumeSnapshotsCount',
    'volumesCount',
  ],
  changes: { name: 'replace' },
  autoName,
  async create({ client }, { name }, made) {
    made(Reply.parse(await client.call('POST', '/v2/tags', { name })).tag.name);
  },
  async read({ client }, id) {
    const reply = await unlessGone(client.call('GET', `/v2/tags/${id}`));
    if (reply === undefined) return undefined;
    const { name, resources } = Reply.parse(reply).tag;
    return {
      name,
      totalResourceCount: resources.count,
      dropletsCount: resources.droplets.count,
      imagesCount: resources.images.count,
      volumesCount: resources.volumes.count,
      volumeSnapshotsCount: resources.volume_snapshots.count,
      databasesCount: resources.databases.count,
    };
  },
  async remove({ client }, id) {
    await client.call('DELETE', `/v2/tags/${id}`);
  },
};
