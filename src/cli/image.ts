import { Command } from 'commander';
import type { Verb } from './command.ts';
import { imageList } from './image-list.ts';
import { imagePush } from './image-push.ts';
import { imageRemove } from './image-remove.ts';

/** Images in the machines' Docker. */
export const image: Verb = (context) =>
  new Command('image')
    .summary('bring images to the machines, list what they have, or remove one')
    .description(
      'Brings images to the Docker of every machine without a registry, and lists what is there. Units that name an ' +
        'image which is there start without pulling anything.',
    )
    .addCommand(imagePush(context))
    .addCommand(imageList(context))
    .addCommand(imageRemove(context));
