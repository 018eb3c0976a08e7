import { join } from 'node:path';
import * as z from 'zod';
import { operatingSystems } from '../../../model/operating-system.ts';
import { ensureImage, imageCache, imageKey, readImage } from '../../../qemu/image.ts';
import { imageSource } from '../../../qemu/image-sources.ts';
import type { ResourceHandler } from '../../resource.ts';

const inputs = z.object({
  os: z.enum(operatingSystems),
  source: z.object({ url: z.string(), sha512: z.string() }).optional(),
});
const outputs = z.object({ key: z.string() });

/** The image stays in the cache when the stack goes: other stacks start from it. */
export const image: ResourceHandler<z.output<typeof inputs>, z.output<typeof outputs>> = {
  inputs,
  outputs,
  computed: ['key'],
  changes: { os: 'replace', source: 'replace' },

  async preview({ os, source }) {
    return { key: imageKey(imageSource(os, source)) };
  },

  async create({ os, source }, { log, signal }) {
    const { key } = await ensureImage(imageSource(os, source), { log, signal });
    return { id: key, outputs: { key } };
  },

  /** An image that was cleared from the cache is made again by the next `up`. */
  async read(_id, old) {
    return (await readImage(join(imageCache(), old.key))) && { outputs: old };
  },
};
