import { closest } from '../model/closest.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** Clouds, and those of their settings that have no default. */
const required = { aws: 'sshFrom', digitalocean: 'region and sshFrom' } as const;

type Cloud = keyof typeof required;

const isCloud = (platform: string): platform is Cloud => Object.hasOwn(required, platform);

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
