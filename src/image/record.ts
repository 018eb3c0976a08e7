import type { ImageRecord } from '../model/image-record.ts';
import type { Image } from './image.ts';

/** What is recorded of an image that was pushed. */
export function recordOf(
  name: string,
  { architecture, config, manifest }: Pick<Image, 'architecture' | 'config' | 'manifest'>,
): Omit<ImageRecord, 'former'> {
  const { mediaType, digest, size } = manifest;
  return { name, architecture, id: config.digest, manifest: { mediaType, digest, size } };
}
