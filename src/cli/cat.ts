import type { Command } from 'commander';
import { type Verb, verb, withCluster } from './command.ts';
import { findUnit } from './lookup.ts';

export const cat: Verb = (context) =>
  verb('cat', {
    summary: 'print a unit file as the cluster has it',
    description: 'Prints the contents of the unit file that the cluster has, byte for byte.',
    examples: ['cat hello.service', 'cat hello@1 > copy.service'],
  })
    .argument('<unit>', 'name of the unit; without a type it is a service')
    .action((word: string, _: unknown, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const { units } = await api.units();
        const { contents } = await api.unit(findUnit(units, word).name);
        context.terminal.stdout.write(contents);
        return 0;
      }),
    );
