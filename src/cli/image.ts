import { Command } from 'commander';
import type { Verb } from './command.ts';
import { imageBuild } from './image-build.ts';
import { imageList } from './image-list.ts';
import { imagePush } from './image-push.ts';
import { imageRemove } from './image-remove.ts';

/** Images in the machines' Docker. */
export const image: Verb = (context) =>
  new Command('image')
    .summary('build images, bring them to the machines, list what they have, or remove one')
    .description(
      'Builds images on a machine, brings images to the Docker of every machine without a registry, and lists or ' +
        'removes what is there. Units that name an image which is there start without pulling anything.',
    )
    .addCommand(imageBuild(context))
    .addCommand(imagePush(context))
    .addCommand(imageList(context))
    .addCommand(imageRemove(context));
