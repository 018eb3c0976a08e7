import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '../src/image/read-image.ts';
import { compressionNames, compressions } from '../src/packaged-image/compression.ts';
import { flatten } from '../src/packaged-image/flatten.ts';
import { run } from '../src/qemu/command.ts';
import type { Log } from '../src/qemu/log.ts';

/** As Docker calls it. */
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Makes `root` of an image of packages: `layout` is the folder that was built. Root alone can, for the owners' sake. */
export async function unpackImage(layout: string, root: string, log: Log): Promise<void> {
  const { layers } = await readImage(layout, { platform: `linux/${architecture}` });
  const compression = compressionNames.find((name) => compressions[name].mediaType === layers[0]?.mediaType);
  if (compression === undefined) throw new Error(`${layout} is no image of packages`);
  const archive = `${root}.tar`;
  const blobs = layers.map(({ digest }) => join(layout, 'blobs', ...digest.split(':')));
  await flatten(blobs, archive, compression);
  await mkdir(root);
  await run(['tar', '--extract', '--file', archive, '--directory', root, '--numeric-owner'], {
    ...{ log, purpose: `unpacking ${layout}`, deadline: 300_000 },
  });
  await rm(archive);
}
