import type { Verb } from './command.ts';
import { creatingVerb } from './creating-verb.ts';

export const load: Verb = (context) =>
  creatingVerb(context, {
    verb: 'load',
    targetState: 'loaded',
    summary: 'give units to machines without starting them',
    description:
      "Chooses machines for the units and puts the files there, after submitting those that the cluster doesn't " +
      'have. A unit that runs is stopped. Waits until the machines have them.',
    examples: ['load web.service', "load 'web@{1..3}'", 'load --no-block web@1'],
  });
