import { closest } from '../model/closest.ts';
import { type Cloud, isCloud } from '../model/platform-name.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** Those of a cloud's settings that have no default. */
const required: Readonly<Record<Cloud, string>> = { aws: 'sshFrom', digitalocean: 'region and sshFrom' };

/** What only the whole config shows: that there are settings at all, and that every named group exists. */
export function cloudProblems(config: ClusterSpec): Problem[] {
  const { platform, machines } = config;
  if (!isCloud(platform)) return [];
  const settings = config[platform];
  if (!settings)
    return [
      {
        path: `flotilla:${platform}`,
        problem: 'is missing',
        fix: `give ${required[platform]}, as stacks/Pulumi.${platform}.yaml shows`,
      },
    ];
  const groups = Object.keys(machines);
  const unknown = Object.keys(settings.sizes).filter((group) => !groups.includes(group));
  return unknown.map((group) => {
    const guess = closest(group, groups);
    return {
      path: `flotilla:${platform}.sizes.${group}`,
      problem: `there is no group ${group}`,
      fix: guess ? `did you mean ${guess}?` : `groups here: ${groups.join(', ')}`,
    };
  });
}
