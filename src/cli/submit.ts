import type { Verb } from './command.ts';
import { creatingVerb } from './creating-verb.ts';

export const submit: Verb = (context) =>
  creatingVerb(context, {
    verb: 'submit',
    targetState: 'inactive',
    summary: 'give units to the cluster without starting them',
    description:
      'The cluster keeps the units; no machine gets them. Templates can be submitted, for `start` to make instances ' +
      'of them. A unit that the cluster has already stays as it is, unless it is inactive and --replace is given.',
    examples: ['submit web.service', 'submit units/*', 'submit --replace web@.service'],
  });
