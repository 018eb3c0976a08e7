import { closest } from '../model/closest.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** What only the whole config shows: that there are settings at all, and that every named group exists. */
export function digitaloceanProblems({ platform, digitalocean, machines }: ClusterSpec): Problem[] {
  if (platform !== 'digitalocean') return [];
  if (!digitalocean)
    return [
      {
        path: 'flotilla:digitalocean',
        problem: 'is missing',
        fix: 'give region and sshFrom, as stacks/Pulumi.digitalocean.yaml shows',
      },
    ];
  const groups = Object.keys(machines);
  const unknown = Object.keys(digitalocean.sizes).filter((group) => !groups.includes(group));
  return unknown.map((group) => {
    const guess = closest(group, groups);
    return {
      path: `flotilla:digitalocean.sizes.${group}`,
      problem: `there is no group ${group}`,
      fix: guess ? `did you mean ${guess}?` : `groups here: ${groups.join(', ')}`,
    };
  });
}
