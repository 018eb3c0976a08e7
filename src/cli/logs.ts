import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { UnitView } from '../model/api.ts';
import { messageOf } from '../model/message-of.ts';
import { plainText } from '../model/plain-text.ts';
import { type Cluster, interrupted } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { entryFormat, type JournalEntry, parseEntry, timeText } from './journal-entry.ts';
import { lineSink } from './line-sink.ts';
import { absence, machinesOf } from './lookup.ts';
import { say } from './say.ts';
import { selectUnits } from './select-units.ts';
import type { KnownMachine } from './stack.ts';
import { wholeNumber } from './wait-options.ts';

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
      'is its regular end: exit status 0. Units that come to a machine later are not among them.',
    examples: ["logs 'web@*'", 'logs -f web@1 web@2 db', "logs --lines 100 '*'"],
  })
    .argument('<units...>', 'units of the cluster; globs and braces in quotes')
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('--lines <number>', 'how many of the last lines of each machine', wholeNumber(), 10)
    .action((words: string[], options: Options, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const sources = await findSources(context, cluster, words);
        const stream = new Stream(context, cluster, options);
        const statuses = await Promise.all(sources.map((source) => stream.read(source)));
        stream.printHeld();
        return statuses.find((status) => status !== 0) ?? 0;
      }),
    );

/** A machine, and the units whose journal it is asked for. */
interface Source {
  readonly machine: KnownMachine;
  readonly units: readonly string[];
}

async function findSources(
  context: Context,
  { api, machines: known }: Cluster,
  words: readonly string[],
): Promise<readonly Source[]> {
  const { units } = await api.units();
  const { machines } = await api.machines();
  const meant = selectUnits(units, words);
  const places = meant.map((unit) => ({ unit, on: machinesOf(unit, machines, known) }));
  for (const { unit, on } of places) if (on.length === 0) say(context, `${unit.name}: ${absence(unit)}`);
  const has = (machine: KnownMachine) => places.filter(({ on }) => on.includes(machine));
  const sources = known.map((machine) => ({ machine, units: has(machine).map(({ unit }) => nameOf(unit)) }));
  const found = sources.filter(({ units }) => units.length > 0);
  if (found.length > 0) return found;
  throw new CommandFailed('no machine has any of these units');
}

function nameOf({ name }: UnitView): string {
  return name;
}

const colours = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

/** Prints what machines have to say; without `follow` it holds everything back until all have spoken. */
class Stream {
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #options: Options;
  readonly #held: { readonly entry: JournalEntry; readonly machine: KnownMachine }[] = [];

  constructor(context: Context, cluster: Cluster, options: Options) {
    this.#context = context;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Returns the exit status. A machine that is lost does not end the others. */
  async read({ machine, units }: Source): Promise<number> {
    const { follow, lines } = this.#options;
    const sink = lineSink((line) => this.#take(line, machine));
    const argv = [
      ...['journalctl', '--no-pager', '--quiet', '--lines', String(lines), ...entryFormat],
      ...units.flatMap((unit) => ['--unit', unit]),
      ...(follow ? ['--follow'] : []),
    ];
    const terminal = { stdin: Readable.from([]), stdout: sink, stderr: this.#context.terminal.stderr };
    try {
      const status = await this.#cluster.run(machine, { argv, root: true }, terminal);
      await finished(sink.end());
      return follow && status === interrupted ? 0 : status;
    } catch (error) {
      if (this.#context.signal.aborted) return follow ? 0 : interrupted;
      say(this.#context, `${machine.name}: ${messageOf(error)}`);
      return 1;
    }
  }

  printHeld(): void {
    this.#held.sort((a, b) => a.entry.time - b.entry.time);
    for (const { entry, machine } of this.#held) this.#print(entry, machine);
  }

  #take(line: string, machine: KnownMachine): void {
    const entry = parseEntry(line);
    if (!entry) return;
    if (this.#options.follow) this.#print(entry, machine);
    else this.#held.push({ entry, machine });
  }

  #print({ time, unit, message }: JournalEntry, machine: KnownMachine): void {
    const { stdout } = this.#context.terminal;
    const { machines } = this.#cluster;
    const width = Math.max(...machines.map(({ name }) => name.length));
    const colour = colours[machines.indexOf(machine) % colours.length] ?? 'cyan';
    const label = styleText(colour, `${machine.name.padEnd(width)}  ${plainText(unit)}`, { stream: stdout });
    for (const line of plainText(message).split('\n')) stdout.write(`${timeText(time)}  ${label}  ${line}\n`);
  }
}
