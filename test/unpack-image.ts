import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '../src/image/read-image.ts';
import { run } from '../src/qemu/command.ts';
import type { Log } from '../src/qemu/log.ts';

/** As Docker calls it. */
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Makes `root` of an image of packages: `layout` is the folder that was built. Root alone can, for the owners' sake. */
export async function unpackImage(layout: string, root: string, log: Log): Promise<void> {
  const { layers } = await readImage(layout, { platform: `linux/${architecture}` });
  await mkdir(root);
  for (const { digest } of layers) {
    const blob = join(layout, 'blobs', ...digest.split(':'));
    await run(['tar', '--extract', '--file', blob, '--directory', root, '--numeric-owner'], {
      ...{ log, purpose: `unpacking ${layout}`, deadline: 300_000 },
    });
  }
}
