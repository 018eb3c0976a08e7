import type { Command } from 'commander';
import { Guests } from '../push/guests.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { findMachine } from './lookup.ts';
import { print } from './say.ts';
import { addPatience, patience, type WaitOptions } from './wait-options.ts';
import { waitUntil } from './wait-until.ts';

interface Options extends WaitOptions {
  readonly reason?: string;
}

export const drain: Verb = (context) =>
  addPatience(
    verb('drain', {
      summary: 'move the units of a machine to others, and give it no new ones',
      description:
        'For work on a machine. Its units go to others, as far as others fit; global units stay. Waits until the ' +
        'rest is gone. It lasts over reboots, until `uncordon`.',
      examples: ['drain core-2 --reason "new disk"', 'drain --timeout 600 core-2'],
    }),
  )
    .argument('<machine>', 'name, id or the beginning of an id')
    .option('--reason <text>', 'shown to whoever wonders')
    .action((word: string, options: Options, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const machine = findMachine(cluster.machines, word);
        const { reason } = options;
        const body = reason === undefined ? {} : { reason };
        const { id } = await cluster.api.onMachine(machine.name, 'drain', body);
        const deadline = patience(options);
        if (deadline !== undefined) {
          const guests = new Guests(cluster.api, id);
          const left = async () => {
            const { units } = await cluster.api.units();
            return (await guests.among(units)).map((unit) => `${unit.name} to leave`);
          };
          await waitUntil(context, deadline, left, stays);
        }
        print(context, `Machine ${machine.name} ${deadline === undefined ? 'is draining' : 'is drained'}`);
        return 0;
      }),
    );

const stays =
  'It goes on without this command: `flotilla explain UNIT` says what keeps a unit there, or wait longer with --timeout';
