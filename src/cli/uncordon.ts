import type { Command } from 'commander';
import { type Verb, verb, withCluster } from './command.ts';
import { findMachine } from './lookup.ts';
import { print } from './say.ts';

export const uncordon: Verb = (context) =>
  verb('uncordon', {
    summary: 'let a machine that was drained or cordoned have units again',
    description: 'Moves nothing: new units may come to the machine. `rebalance` brings some back.',
    examples: ['uncordon core-2'],
  })
    .argument('<machine>', 'name, id or the beginning of an id')
    .action((word: string, _: unknown, command: Command) =>
      withCluster(context, command, async ({ api, machines }) => {
        const { name } = findMachine(machines, word);
        await api.onMachine(name, 'uncordon');
        print(context, `Machine ${name} takes units again`);
        return 0;
      }),
    );
