import type { DigitaloceanSettings } from '../../config/digitalocean.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';

/** DigitalOcean's own images, which it renews under the same slug; without one, the config names one. */
const slugs: Readonly<Partial<Record<OperatingSystem, string>>> = {
  'debian-13': 'debian-13-x64',
  'debian-12': 'debian-12-x64',
  'ubuntu-24.04': 'ubuntu-24-04-x64',
};

/**
 * What a new machine begins with. Which one a machine began with stays in the state: the slug, or the image behind it,
 * may become another one without replacing a machine (machines.ts ignores its change).
 */
export function imageOf(os: OperatingSystem, { image }: Pick<DigitaloceanSettings, 'image'>): string {
  const found = image ?? slugs[os];
  if (found === undefined) throw new TypeError(`${os} was accepted without an image`);
  return found;
}
