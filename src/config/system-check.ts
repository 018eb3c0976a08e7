import { hostSystems, systemTraits } from '../model/operating-system.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** Systems that a platform has not, or not by itself. What machines in QEMU lack is in local-check.ts. */
export function systemProblems({ platform, os, digitalocean }: ClusterSpec): Problem[] {
  const { label, release, firstBoot } = systemTraits[os];
  if (platform === 'hosts' && release === undefined)
    return [
      {
        path: 'flotilla:os',
        problem: `hosts can't run ${label}: Flotilla adds packages to them, and ${label} has none`,
        fix: `set it to ${hostSystems.join(', ')}, or take another platform, which makes machines of ${label}`,
      },
    ];
  if (platform === 'digitalocean' && firstBoot === 'ignition' && digitalocean && !digitalocean.image)
    return [
      {
        path: 'flotilla:digitalocean.image',
        problem: `is missing, and DigitalOcean has no image of ${label} of its own`,
        fix: `upload ${label}'s image for DigitalOcean to your account, and give its number here`,
      },
    ];
  return [];
}
