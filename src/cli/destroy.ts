import type { Command } from 'commander';
import { persist } from '../push/persist.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { print, say } from './say.ts';
import { selectUnits } from './select-units.ts';
import { addWaitOptions } from './wait-options.ts';

export const destroy: Verb = (context) =>
  addWaitOptions(
    verb('destroy', {
      summary: 'stop units and remove them from the cluster',
      description:
        'The units are gone from the cluster when the command ends; their machines stop them and remove the files ' +
        "right after. There is nothing to wait for: fleetctl's options for that are taken and change nothing.",
      examples: ['destroy hello.service', "destroy 'web@{1..3}'"],
    }),
  )
    .argument('<units...>', 'units of the cluster; globs and braces in quotes')
    .action((words: string[], _: unknown, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const { units } = await api.units();
        const destroy = selectUnits(units, words).map(({ name }) => name);
        // To destroy what is gone does nothing, so it may be asked for again.
        await persist(
          (line) => say(context, line),
          () => api.apply({ put: [], destroy }),
        );
        for (const name of destroy) print(context, `Destroyed ${name}`);
        return 0;
      }),
    );
