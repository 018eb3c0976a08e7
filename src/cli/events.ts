import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AgentApi } from '../push/api.ts';
import type { EventLine } from '../push/events.ts';
import { readEvents } from '../push/events.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { print, say } from './say.ts';

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
  readonly after?: string;
  readonly json?: boolean;
}

export const events: Verb = (context) =>
  verb('events', {
    summary: 'show what happened in the cluster: machines, placements, states, rollouts',
    description:
      'Prints one line an event, oldest first: id, kind, unit, machine and what happened, as far back as the ' +
      'store goes. With --follow it begins now, or where --since or --after say, and prints new ones as they come ' +
      "until Ctrl-C, which is its regular end: exit status 0. An id is the store's revision and which of its changes " +
      'is meant; given to --after, it goes on right after that line.\n\n' +
      'With --json one object a line: {id, revision, kind, unit, machine, message}; unit and machine may be absent.',
    examples: ['events', 'events -f', 'events --after 1042.1 --json'],
  })
    .option('-f, --follow', 'go on with new events until Ctrl-C')
    .option('--since <revision>', "the store's revision of the first event to show", revision)
    .addOption(
      new Option('--after <id>', 'the first column of a line: show what comes after it')
        .argParser(eventId)
        .conflicts('since'),
    )
    .option('--json', 'JSON for scripts: one object a line')
    .action((options: Options, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        await printEvents(context, api, options);
        return 0;
      }),
    );

/** To the last one, or with `follow` until Ctrl-C, which is its regular end. */
async function printEvents(
  context: Context,
  api: AgentApi,
  { since, after, follow = false, json }: Options,
): Promise<void> {
  const { signal, clock } = context;
  const log = (line: string) => say(context, line);
  try {
    for await (const event of readEvents(api, { since, after, follow }, { log, signal, clock })) {
      print(context, json ? JSON.stringify(event) : lineOf(event));
    }
  } catch (error) {
    if (!follow || !signal.aborted) throw error;
  }
}

/** etcd counts in 64 bits with a sign. */
const maxRevision = 2n ** 63n - 1n;

/** As wide as the longest kinds, and as revisions and names usually are: what comes later can't be known. */
const widths = { id: 9, kind: 9, unit: 20, machine: 10 };

function lineOf({ id, kind, unit = '-', machine = '-', message }: EventLine): string {
  return [
    id.padEnd(widths.id),
    kind.padEnd(widths.kind),
    unit.padEnd(widths.unit),
    machine.padEnd(widths.machine),
    message,
  ].join('  ');
}

function revision(text: string): string {
  if (/^\d{1,19}$/.test(text) && BigInt(text) <= maxRevision) return text;
  throw new InvalidArgumentError(
    'It must be a revision: what stands before the dot in the ids that `events` prints.',
  );
}

function eventId(text: string): string {
  const [digits = ''] = text.split('.', 1);
  if (/^\d{1,19}(\.\d{1,9})?$/.test(text) && BigInt(digits) <= maxRevision) return text;
  throw new InvalidArgumentError(
    'It must be an id, as `events` prints them: 1042.1, or 1042 for all of that revision.',
  );
}
