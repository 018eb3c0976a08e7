import type { OperatingSystem } from '../model/operating-system.ts';
import type { ImageSource } from './image.ts';

/** The image that is built for each operating system of the stack config. */
const built: Readonly<Record<OperatingSystem, ImageSource>> = {
  'debian-13': { kind: 'debian', suite: 'trixie' },
};

/** What machines of that operating system start from: a cloud image that the user names, or the built one. */
export function imageSource(
  os: OperatingSystem,
  image: { readonly url: string; readonly sha512: string } | undefined,
): ImageSource {
  return image ? { kind: 'url', ...image } : built[os];
}
