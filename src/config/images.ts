import * as z from 'zod';
import { parseReference } from '../image/reference.ts';

const platform = z
  .string()
  .regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/, 'an operating system and a processor, like linux/amd64');

export const defaultPlatform = 'linux/amd64';

export const imageName = z
  .string()
  .refine((name) => parseReference(name) !== undefined, 'a name with a tag, like app:1 or team/app:1');

const path = z.string().min(1);

export const imageSource = z.strictObject({
  source: path.describe('A folder or archive with the image, or the name of one that Docker has here'),
  select: z.string().min(1).optional().describe('Which image of a source that has several'),
  platform: platform
    .default(defaultPlatform)
    .describe('Which one of an image that is there for several platforms'),
});

/** What machines and units call an image → where it comes from. */
export const imagesSchema = z.record(
  imageName,
  z.union(
    [path, imageSource],
    'a folder, an archive or an image of Docker here, or {source: …, select: …, platform: …}',
  ),
);

export interface PlannedImage extends z.output<typeof imageSource> {
  /** What machines and units call it. */
  readonly name: string;
}

/** Each with its defaults, in the order in which they are written. */
export function imageSettings(images: z.output<typeof imagesSchema>): readonly PlannedImage[] {
  return Object.entries(images).map(([name, given]) => ({
    name,
    platform: defaultPlatform,
    ...(typeof given === 'string' ? { source: given } : given),
  }));
}
