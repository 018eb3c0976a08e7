import type { Command } from 'commander';
import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { failed, interrupted } from './failure.ts';
import { LogFollower } from './follow-logs.ts';
import type { JournalEntry } from './journal-entry.ts';
import { journalctl, readJournal } from './journal-reader.ts';
import { LogPrinter } from './log-printer.ts';
import { findSources, type Source } from './log-sources.ts';
import { say } from './say.ts';
import type { KnownMachine } from './stack.ts';
import { wholeNumber } from './wait-options.ts';
import { within } from './within.ts';

interface Options {
  readonly follow?: boolean;
  readonly lines: number;
}

export const logs: Verb = (context) =>
  verb('logs', {
    summary: 'print the journals of many units as one stream',
    description:
      'Asks every machine that has one of the units, and prints time, machine, unit and message; on a terminal each ' +
      'machine has its colour. Sorted by time; with --follow new lines are printed as they come until Ctrl-C, which ' +
      'is its regular end: exit status 0. A unit that moves to another machine is followed there, and one that comes ' +
      'later is among them when a glob means it; a line on standard error says so.',
    examples: ["logs 'web@*'", 'logs -f web@1 web@2 db', "logs --lines 100 '*'"],
  })
    .argument('<units...>', 'units of the cluster; globs and braces in quotes')
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('--lines <number>', 'how many of the last lines of each machine', wholeNumber(), 10)
    .action((words: string[], { follow, lines }: Options, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const { sources, revision } = await findSources(context, cluster, words);
        if (!follow) return printOnce(context, cluster, sources, lines);
        return new LogFollower(context, cluster, words).follow({ sources, revision, lines });
      }),
    );

/** Seconds for a machine's last lines; a long journal takes an emulated machine seconds. */
const patience = 60;

/** Holds everything back until all machines have spoken, or had their time. Returns the exit status. */
async function printOnce(
  context: Context,
  cluster: Cluster,
  sources: readonly Source[],
  lines: number,
): Promise<number> {
  const held: { readonly entry: JournalEntry; readonly machine: KnownMachine }[] = [];
  const silent = new Set(sources.map(({ machine }) => machine.name));
  const reading = sources.map(async (source) => {
    const { machine } = source;
    const status = await readLast(context, cluster, source, lines, (entry) => held.push({ entry, machine }));
    silent.delete(machine.name);
    return status;
  });
  const statuses = await reminding(
    (line) => say(context, line),
    () => `the journals of ${[...silent].join(', ')}`,
    Promise.all(reading),
  );
  const printer = new LogPrinter(context, cluster.machines);
  held.sort((a, b) => a.entry.time - b.entry.time);
  for (const { entry, machine } of held) printer.print(entry, machine);
  return statuses.find((status) => status !== 0) ?? 0;
}

/** One machine's last lines. That it is lost, or too slow, ends none of the others. */
async function readLast(
  context: Context,
  cluster: Cluster,
  { machine, units }: Source,
  lines: number,
  onEntry: (entry: JournalEntry) => void,
): Promise<number> {
  const argv = journalctl(units, ['--lines', String(lines)]);
  try {
    return await within(patience, (signal) =>
      readJournal(context, cluster, { machine, argv, signal }, onEntry),
    );
  } catch (error) {
    if (context.signal.aborted) return interrupted;
    say(context, `${machine.name}: ${messageOf(error)}; some of its lines are missing`);
    return failed;
  }
}
