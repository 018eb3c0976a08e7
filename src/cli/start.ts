import type { Verb } from './command.ts';
import { creatingVerb } from './creating-verb.ts';

export const start: Verb = (context) =>
  creatingVerb(context, {
    verb: 'start',
    targetState: 'launched',
    summary: "start units, after giving the cluster those that it doesn't have",
    description:
      'What a word means is looked up in this order: a unit of the cluster, a file of that name here, its template ' +
      "in the cluster, its template's file here. Waits until the units are healthy on every machine that shall have " +
      'them. A unit that fails ends the wait with status 1 and its last journal lines.',
    examples: [
      'start hello.service',
      "start 'web@{1..3}'",
      'start --replace --timeout 300 units/web@1.service',
    ],
  });
