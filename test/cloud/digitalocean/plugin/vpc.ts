import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { ApiFailure } from './client.ts';
import { unlessGone } from './gone.ts';
import { autoName, type ResourceType } from './resource-type.ts';

const inputs = z.strictObject({
  name: z.string(),
  region: z.string(),
  description: z.string().max(255).optional(),
  ipRange: z.string().optional(),
});

const Reply = z.object({
  vpc: z.object({
    id: z.string(),
    urn: z.string(),
    name: z.string(),
    region: z.string(),
    description: z.string().optional(),
    ip_range: z.string(),
    default: z.boolean().optional(),
    created_at: z.string(),
  }),
});

/** Seconds in which its members must be gone. */
const deleteTimeout = 120;

export const vpc: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: ['createdAt', 'default', 'ipRange', 'vpcUrn'],
  changes: { region: 'replace', ipRange: 'replace' },
  autoName,
  async create({ client }, { name, region, description, ipRange: ip_range }, made) {
    made(Reply.parse(await client.call('POST', '/v2/vpcs', { name, region, description, ip_range })).vpc.id);
  },
  async read({ client }, id) {
    const reply = await unlessGone(client.call('GET', `/v2/vpcs/${id}`));
    if (reply === undefined) return undefined;
    const { name, region, description, ip_range, urn, created_at, ...found } = Reply.parse(reply).vpc;
    return {
      name,
      region,
      ...(description && { description }),
      ipRange: ip_range,
      vpcUrn: urn,
      default: found.default ?? false,
      createdAt: created_at,
    };
  },
  async update({ client }, id, { name, description }, old) {
    await client.call('PUT', `/v2/vpcs/${id}`, { name, description, default: old.default });
  },
  async remove({ client, settings }, id) {
    const remove = async () => void (await client.call('DELETE', `/v2/vpcs/${id}`));
    const busy = (error: unknown) => error instanceof ApiFailure && [403, 409].includes(error.status);
    await retry(remove, busy, deleteTimeout, settings);
  },
};
