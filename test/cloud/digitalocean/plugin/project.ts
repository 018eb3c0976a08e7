import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { ApiFailure } from './client.ts';
import { unlessGone } from './gone.ts';
import { assign, moveToDefault, reassign, resourcesOf } from './project-assign.ts';
import { autoName, type ResourceType } from './resource-type.ts';

const inputs = z.strictObject({
  name: z.string().min(1).max(175),
  description: z.string().max(255).optional(),
  purpose: z.string().max(255).optional(),
  environment: z
    .string()
    .regex(/^(development|staging|production)$/i, 'expected development, staging or production')
    .optional(),
  isDefault: z.boolean().optional(),
  resources: z.array(z.string()).optional(),
});

const Reply = z.object({
  project: z.object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    purpose: z.string(),
    environment: z.string(),
    is_default: z.boolean(),
    owner_id: z.number(),
    owner_uuid: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  }),
});

/** Seconds in which its resources must be elsewhere. */
const deleteTimeout = 180;

export const project: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: ['createdAt', 'ownerId', 'ownerUuid', 'resources', 'updatedAt'],
  changes: {},
  defaults: { description: '', purpose: 'Web Application', isDefault: false },
  sets: ['resources'],
  autoName,
  async create({ client }, { resources = [], isDefault, ...wanted }, made) {
    const { id } = Reply.parse(await client.call('POST', '/v2/projects', wanted)).project;
    if (resources.length > 0)
      await assign(client, id, resources).catch(async (error: unknown) => {
        await client.call('DELETE', `/v2/projects/${id}`).catch(() => undefined);
        throw error;
      });
    made(id);
    if (isDefault) await client.call('PATCH', `/v2/projects/${id}`, { is_default: true });
  },
  async read({ client }, id, known) {
    const reply = await unlessGone(client.call('GET', `/v2/projects/${id}`));
    if (reply === undefined) return undefined;
    const found = Reply.parse(reply).project;
    const { environment } = found;
    const same = String(known.environment).toLowerCase() === environment.toLowerCase();
    return {
      name: found.name,
      description: found.description,
      purpose: found.purpose.replace(/^Other: /, ''),
      ...(environment && { environment: same ? known.environment : environment }),
      isDefault: found.is_default,
      ownerId: found.owner_id,
      ownerUuid: found.owner_uuid,
      createdAt: found.created_at,
      updatedAt: found.updated_at,
      resources: await resourcesOf(client, id),
    };
  },
  async update({ client }, id, { resources, isDefault: is_default, ...wanted }, old) {
    await client.call('PATCH', `/v2/projects/${id}`, { ...wanted, is_default });
    if (resources === undefined) return;
    await reassign(client, id, z.array(z.string()).parse(old.resources ?? []), resources);
  },
  async remove({ client, settings }, id, { resources }) {
    await moveToDefault(client, z.array(z.string()).parse(resources ?? []));
    const remove = async () => void (await client.call('DELETE', `/v2/projects/${id}`));
    const full = (error: unknown) => error instanceof ApiFailure && error.status === 412;
    await retry(remove, full, deleteTimeout, settings);
  },
};
