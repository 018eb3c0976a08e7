import * as z from 'zod';
import type { Client } from './client.ts';

const Default = z.object({ project: z.object({ id: z.string() }) });
const Resources = z.object({
  resources: z.array(z.object({ urn: z.string() })),
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional(),
});

export async function assign(client: Client, project: string, resources: readonly string[]): Promise<void> {
  if (resources.length > 0) await client.call('POST', `/v2/projects/${project}/resources`, { resources });
}

/** A resource is always in some project: it can only be moved. */
export async function moveToDefault(client: Client, resources: readonly string[]): Promise<void> {
  if (resources.length === 0) return;
  const { project } = Default.parse(await client.call('GET', '/v2/projects/default'));
  await assign(client, project.id, resources);
}

/** Takes away what is wanted no more, then adds what is new. */
export async function reassign(
  client: Client,
  project: string,
  before: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  await moveToDefault(
    client,
    before.filter((urn) => !wanted.includes(urn)),
  );
  await assign(
    client,
    project,
    wanted.filter((urn) => !before.includes(urn)),
  );
}

export async function resourcesOf(client: Client, project: string): Promise<string[]> {
  const urns: string[] = [];
  for (let page = 1; ; page += 1) {
    const reply = await client.call('GET', `/v2/projects/${project}/resources?page=${page}&per_page=200`);
    const { resources, links } = Resources.parse(reply);
    urns.push(...resources.map(({ urn }) => urn));
    if (links?.pages?.next === undefined) return urns;
  }
}
