import {
  AddTagsCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Tags, tagChanges, tagOutputs, wireTags } from './tags.ts';

/** Load balancing has tags of its own, asked for by ARN. */
export async function lbTagOutputs(elb: ElasticLoadBalancingV2Client, arn: string) {
  const { TagDescriptions } = await elb.send(new DescribeTagsCommand({ ResourceArns: [arn] }));
  return tagOutputs(TagDescriptions?.[0]?.Tags);
}

/** Tags that a thing is made with; none at all is left out, as AWS refuses an empty list. */
export function lbTags(tags: Tags = {}) {
  return Object.keys(tags).length > 0 ? wireTags(tags) : undefined;
}

export async function lbRetag(
  elb: ElasticLoadBalancingV2Client,
  arn: string,
  wanted: Tags | undefined,
  old: unknown,
): Promise<void> {
  const { removed, set } = tagChanges(wanted, old);
  if (removed.length > 0) await elb.send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: removed }));
  if (Object.keys(set).length > 0)
    await elb.send(new AddTagsCommand({ ResourceArns: [arn], Tags: wireTags(set) }));
}

/** What follows `:` in an ARN of load balancing, for metrics: `app/web/50dc6c495c0c9188`. */
export function suffixOf(arn: string): string {
  return (
    arn
      .split(':')
      .at(-1)
      ?.replace(/^loadbalancer\//, '') ?? ''
  );
}
