import { createHash } from 'node:crypto';
import type { ImageKeeper } from '../../model/image-record.ts';

/** Machines that keep an image for others: the loss of one is survived. */
export const keeperCount = 2;

/**
 * The machines that are to keep an image, of those that are there: who keeps it already before all others, and then by a
 * rank that is another one for each image, so that no machine has to keep them all. Every machine comes to the same
 * answer by itself.
 */
export function chosenKeepers(manifest: string, present: readonly ImageKeeper[]): readonly string[] {
  const ranked = present
    .map(({ machineId, images }) => ({
      machineId,
      keeps: images.includes(manifest) ? 0 : 1,
      rank: createHash('sha256').update(`${manifest} ${machineId}`).digest('hex'),
    }))
    .sort((a, b) => a.keeps - b.keeps || (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, keeperCount).map(({ machineId }) => machineId);
}
