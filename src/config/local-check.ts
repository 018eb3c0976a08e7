import { operatingSystems, systemTraits } from '../model/operating-system.ts';
import type { Problem } from '../model/problem.ts';
import { localSettings } from './local.ts';
import type { ClusterSpec } from './schema.ts';

/** What machines in QEMU can't run without an image that the user names. */
export function localProblems({ platform, os, ...written }: ClusterSpec): Problem[] {
  if (platform !== 'local' || systemTraits[os].suite || localSettings(written).image) return [];
  const built = operatingSystems.filter((each) => systemTraits[each].suite).join(' or ');
  const image = systemTraits[os].firstBoot === 'ignition' ? 'image for QEMU' : 'cloud image';
  return [
    {
      path: 'flotilla:os',
      problem: `no image of ${systemTraits[os].label} is built on this computer`,
      fix: `name its ${image} in flotilla:local.image, or set flotilla:os to ${built}`,
    },
  ];
}
