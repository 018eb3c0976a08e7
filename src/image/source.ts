import { stat } from 'node:fs/promises';
import type { Image } from './image.ts';
import { localImageId, withSavedImage } from './local-docker.ts';
import { type ImageChoice, readImage } from './read-image.ts';

/** Where an image comes from: a folder or file of that name, and else this computer's Docker. */
export interface ImageSource extends ImageChoice {
  readonly source: string;
}

/**
 * Lets `use` read the image, which was checked as a whole.
 *
 * @throws InvalidInput with all that is wrong with a folder or archive; what Docker complains of
 */
export async function withImage<T>(
  { source, ...choice }: ImageSource,
  signal: AbortSignal,
  use: (image: Image) => Promise<T>,
): Promise<T> {
  if (await isHere(source)) return use(await readImage(source, choice));
  return withSavedImage(source, signal, async (archive) => use(await readImage(archive, choice)));
}

/**
 * What changes with the image, and with nothing else: of a folder or archive the image's id. No layer is read for it.
 *
 * @throws as `withImage`
 */
export async function versionOf({ source, ...choice }: ImageSource): Promise<string> {
  if (!(await isHere(source))) return localImageId(source);
  return (await readImage(source, { ...choice, unread: true })).config.digest;
}

function isHere(source: string): Promise<boolean> {
  return stat(source).then(
    () => true,
    () => false,
  );
}
