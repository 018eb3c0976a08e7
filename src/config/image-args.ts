import { InvalidInput } from '../model/problem.ts';
import { unusable } from './cluster-args.ts';
import { explain } from './explain.ts';
import { imageName, imageSource, type PlannedImage } from './images.ts';

const imageArgs = imageSource.extend({ image: imageName });

/** An image that a program brings to a cluster. */
export interface ImageOrigin {
  /** What machines and units call it, with a tag: `app:1`. */
  image: string;
  /** A folder or archive with the image, relative to the program's folder, or the name of one that Docker has here. */
  source: string;
  /** Which image of a source that has several. */
  select?: string | undefined;
  /** Which one of an image that is there for several platforms. Default: `linux/amd64`. */
  platform?: string | undefined;
}

/** @throws InvalidInput with every problem there is. */
export function parseImageArgs(origin: ImageOrigin): PlannedImage {
  const result = imageArgs.safeParse(origin, { reportInput: true });
  const problems = result.error?.issues.flatMap((issue) => explain(issue, imageArgs)) ?? [];
  if (!result.success) throw new InvalidInput(unusable, problems);
  const { image: name, ...rest } = result.data;
  return { name, ...rest };
}
