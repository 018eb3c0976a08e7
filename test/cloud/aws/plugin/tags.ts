import { CreateTagsCommand, DeleteTagsCommand, type EC2Client, type ResourceType } from '@aws-sdk/client-ec2';
import * as z from 'zod';

/** Inputs that all types have which can be tagged. */
export const tagged = { region: z.string().optional(), tags: z.record(z.string(), z.string()).optional() };

export type Tags = Readonly<Record<string, string>>;

interface WireTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export function wireTags(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags that a thing is made with; none at all is left out, as AWS refuses an empty list. */
export function tagSpecifications(type: ResourceType, tags: Tags | undefined) {
  const wire = wireTags(tags ?? {});
  return wire.length > 0 ? [{ ResourceType: type, Tags: wire }] : undefined;
}

/** Outputs that follow from the tags of a thing; AWS's own are not shown. */
export function tagOutputs(found: readonly WireTag[] = []): { tags: Tags; tagsAll: Tags } {
  const own = found.flatMap(({ Key = '', Value = '' }) =>
    Key.startsWith('aws:') ? [] : [[Key, Value] as const],
  );
  const tags = Object.fromEntries(own);
  return { tags, tagsAll: tags };
}

/** What is to be taken away and what to be set. */
export function tagChanges(wanted: Tags = {}, old: unknown): { removed: string[]; set: Tags } {
  const before = z.record(z.string(), z.string()).parse(old ?? {});
  const set = Object.entries(wanted).filter(([key, value]) => before[key] !== value);
  return { removed: Object.keys(before).filter((key) => !(key in wanted)), set: Object.fromEntries(set) };
}

/** Of things of EC2. */
export async function retag(
  ec2: EC2Client,
  id: string,
  wanted: Tags | undefined,
  old: unknown,
): Promise<void> {
  const { removed, set } = tagChanges(wanted, old);
  if (removed.length > 0)
    await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: removed.map((Key) => ({ Key })) }));
  if (Object.keys(set).length > 0)
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: wireTags(set) }));
}
