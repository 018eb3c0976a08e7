import type { Command } from 'commander';
import { type Verb, verb, withCluster } from './command.ts';
import { findMachine } from './lookup.ts';
import { print } from './say.ts';

export const cordon: Verb = (context) =>
  verb('cordon', {
    summary: 'give a machine no new units; those that it has stay',
    description: 'It lasts over reboots, until `uncordon`. `drain` also moves the units away.',
    examples: ['cordon core-2', 'cordon core-2 --reason "disk is failing"'],
  })
    .argument('<machine>', 'name, id or the beginning of an id')
    .option('--reason <text>', 'shown to whoever wonders')
    .action((word: string, { reason }: { reason?: string }, command: Command) =>
      withCluster(context, command, async ({ api, machines }) => {
        const { name } = findMachine(machines, word);
        await api.onMachine(name, 'cordon', reason === undefined ? {} : { reason });
        print(context, `Machine ${name} is cordoned`);
        return 0;
      }),
    );
