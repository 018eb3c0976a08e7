import type { Command } from 'commander';
import { removeImage } from '../image/remove.ts';
import { messageOf } from '../model/message-of.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { failed } from './failure.ts';
import { print, say } from './say.ts';

export const imageRemove: Verb = (context) =>
  verb('remove', {
    summary: 'take an image from all machines',
    description:
      'Nobody keeps it for others any more, and every Docker loses it, but where a container uses it. Units that name ' +
      'it run on, and are not started again.\n\n' +
      'Exit status: 0 it is gone everywhere, 1 some machines have it still, and why was said.',
    examples: ['image remove app:1'],
  })
    .argument('<name>', 'as `image list` shows it')
    .action((name: string, _: unknown, command: Command) =>
      withCluster(context, command, async (cluster) => {
        // First: machines whose units name it would get it from each other again.
        const { images } = await cluster.api.images();
        for (const image of images.filter((each) => each.name === name)) await cluster.api.forgetImage(image);
        const removed = await Promise.all(
          cluster.machines.map(async (machine) => {
            const { name: on, address } = machine;
            try {
              const target = { name: on, address, connect: () => cluster.connect(machine) };
              return (await removeImage(target, name, undefined, context.signal)) ? { on } : {};
            } catch (error) {
              context.signal.throwIfAborted();
              say(context, `${on} keeps ${name}: ${messageOf(error)}`);
              return { kept: true };
            }
          }),
        );
        const gone = removed.flatMap(({ on }) => on ?? []);
        print(
          context,
          gone.length === 0 ? `no machine lost ${name}.` : `${name} is gone from ${gone.join(', ')}.`,
        );
        return removed.some(({ kept }) => kept) ? failed : 0;
      }),
    );
