import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';
import type { ImageSource } from './image.ts';

/**
 * What machines of that operating system start from: a cloud image that the user names, or the one that is built. The
 * config's check has seen to it that there is one of them.
 *
 * @throws TypeError where there is neither
 */
export function imageSource(
  os: OperatingSystem,
  image: { readonly url: string; readonly sha512: string } | undefined,
): ImageSource {
  if (image) return { kind: 'url', ...image };
  const { suite } = systemTraits[os];
  if (!suite) throw new TypeError(`no image of ${os} is built, and none was named`);
  return { kind: 'debian', suite };
}
