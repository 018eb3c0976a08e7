import { type Command, InvalidArgumentError } from 'commander';
import { readEvents } from '../push/events.ts';
import type { EventLine } from '../push/replies.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { print, say } from './say.ts';

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
  readonly json?: boolean;
}

export const events: Verb = (context) =>
  verb('events', {
    summary: 'show what happened in the cluster: machines, placements, states, rollouts',
    description:
      'Prints one line an event, oldest first: revision, kind, unit, machine and what happened, as far back as the ' +
      'store goes. With --follow it begins now, or at --since, and prints new ones as they come until Ctrl-C, which ' +
      'is its regular end: exit status 0.\n\n' +
      'With --json one object a line: {revision, kind, unit, machine, message}; unit and machine may be absent.',
    examples: ['events', 'events -f', 'events --since 1042 --json'],
  })
    .option('-f, --follow', 'go on with new events until Ctrl-C')
    .option('--since <revision>', "the store's revision of the first event to show", revision)
    .option('--json', 'JSON for scripts: one object a line')
    .action((options: Options, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const { signal, clock } = context;
        const follow = options.follow === true;
        const log = (line: string) => say(context, line);
        try {
          for await (const event of readEvents(
            api,
            { since: options.since, follow },
            { log, signal, clock },
          )) {
            print(context, options.json ? JSON.stringify(event) : lineOf(event));
          }
        } catch (error) {
          if (!follow || !signal.aborted) throw error;
        }
        return 0;
      }),
    );

/** etcd counts in 64 bits with a sign. */
const maxRevision = 2n ** 63n - 1n;

/** As wide as the longest kinds, and as revisions and names usually are: what comes later can't be known. */
const widths = { revision: 7, kind: 9, unit: 20, machine: 10 };

function lineOf({ revision, kind, unit = '-', machine = '-', message }: EventLine): string {
  return [
    revision.padEnd(widths.revision),
    kind.padEnd(widths.kind),
    unit.padEnd(widths.unit),
    machine.padEnd(widths.machine),
    message,
  ].join('  ');
}

function revision(text: string): string {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > maxRevision)
    throw new InvalidArgumentError('It must be a revision, as `events` prints them.');
  return text;
}
