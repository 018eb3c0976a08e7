import type { Verb } from './command.ts';
import { stoppingVerb } from './stopping-verb.ts';
import { waitUntilUnloaded } from './wait-for-units.ts';

export const unload: Verb = (context) =>
  stoppingVerb(context, {
    verb: 'unload',
    targetState: 'inactive',
    summary: 'stop units and take them from their machines',
    description:
      'The cluster keeps the units, inactive; the next `start` may choose other machines. Waits until no machine has ' +
      'them any more.',
    examples: ['unload hello.service', "unload 'web@*'"],
    refuse: () => undefined,
    wait: waitUntilUnloaded,
  });
