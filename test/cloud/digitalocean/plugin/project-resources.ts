import * as z from 'zod';
import { unlessGone } from './gone.ts';
import { assign, moveToDefault, reassign, resourcesOf } from './project-assign.ts';
import type { ResourceType } from './resource-type.ts';

const inputs = z.strictObject({ project: z.string().min(1), resources: z.array(z.string()) });

const list = (value: unknown) => z.array(z.string()).parse(value ?? []);

export const projectResources: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: [],
  changes: { project: 'replace' },
  sets: ['resources'],
  async create({ client }, { project, resources }, made) {
    await client.call('GET', `/v2/projects/${project}`);
    await assign(client, project, resources);
    made(project);
  },
  async read({ client }, id, known) {
    if ((await unlessGone(client.call('GET', `/v2/projects/${id}`))) === undefined) return undefined;
    const there = await resourcesOf(client, id);
    return { project: id, resources: list(known.resources).filter((urn) => there.includes(urn)) };
  },
  async update({ client }, id, { resources }, old) {
    await reassign(client, id, list(old.resources), resources);
  },
  async remove({ client }, id, { resources }) {
    if ((await unlessGone(client.call('GET', `/v2/projects/${id}`))) === undefined) return;
    await moveToDefault(client, list(resources));
  },
};
