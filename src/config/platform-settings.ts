import type { Problem } from '../model/problem.ts';
import { show } from './explain.ts';
import { type ClusterSpec, stackSchema } from './schema.ts';

/** Each platform's own settings stand in a key of its name. */
const platforms: readonly string[] = stackSchema.shape.platform.unwrap().options;

/** Settings from before there were such keys; they go on working. */
const earlier: Readonly<Record<string, string>> = { image: 'local', start: 'local' };

export function platformProblems(config: ClusterSpec): Problem[] {
  return [...settingsOfOthers(config.platform, config), ...saidTwice(config)];
}

/** What is said to a platform which is not the stack's would be said to nobody. */
export function settingsOfOthers(platform: string, config: Readonly<Record<string, unknown>>): Problem[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const owner = platforms.includes(key) ? key : Object.hasOwn(earlier, key) ? earlier[key] : undefined;
    if (value === undefined || owner === undefined || owner === platform) return [];
    return [
      {
        path: `flotilla:${key}`,
        problem: `${show(value)} is for the platform ${owner}, and this stack's is ${platform}`,
        fix: `take it out, or set flotilla:platform to ${owner}`,
      },
    ];
  });
}

function saidTwice({ local, image, start }: ClusterSpec): Problem[] {
  const pairs = [
    { key: 'image', before: image, now: local?.image },
    { key: 'start', before: start, now: local?.start },
  ];
  return pairs
    .filter(({ before, now }) => before !== undefined && now !== undefined)
    .map(({ key, before, now }) => ({
      path: `flotilla:${key}`,
      problem: `${show(before)} is said again in flotilla:local.${key}: ${show(now)}`,
      fix: `keep flotilla:local.${key} alone`,
    }));
}
