import type { Command } from 'commander';
import type { UnitView } from '../model/api.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { CommandFailed, interrupted } from './failure.ts';
import { absence, findMachine, findUnit, whereabouts } from './lookup.ts';
import { runTool } from './run-tool.ts';
import type { KnownMachine } from './stack.ts';
import { wholeNumber } from './wait-options.ts';

interface JournalOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly output?: string;
  readonly machine?: string;
}

export const journal: Verb = (context) =>
  verb('journal', {
    summary: 'print the journal of a unit from the machine that runs it',
    description:
      "Runs `journalctl --unit` on the unit's machine. With --follow new lines are printed as they come until " +
      'Ctrl-C, which is its regular end: exit status 0. A unit that several machines have needs --machine.',
    examples: [
      'journal hello.service',
      'journal -f --lines 100 web@1',
      'journal --machine core-2 node-exporter',
    ],
  })
    .argument('<unit>', 'name of the unit; without a type it is a service')
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('--lines <number>', 'how many of the last lines', wholeNumber(), 10)
    .option('--output <format>', 'as for journalctl: short, json, cat, …')
    .option('--machine <machine>', 'which machine, by name or id, when several have the unit')
    .option('--sudo', "fleetctl's: changes nothing, as the journal is always read as root")
    .action((word: string, options: JournalOptions, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const { units } = await cluster.api.units();
        const unit = findUnit(units, word);
        const machine = choose(unit, await whereabouts(cluster, unit), cluster.machines, options.machine);
        const purpose = options.follow ? undefined : `print the journal of ${unit.name}`;
        const argv = argvOf(unit.name, options);
        const result = await runTool(context, cluster, { machine, argv, purpose });
        return options.follow && result === interrupted ? 0 : result;
      }),
    );

function argvOf(unit: string, { follow, lines, output }: JournalOptions): readonly string[] {
  return [
    ...['journalctl', '--no-pager', '--lines', String(lines), '--unit', unit],
    ...(output === undefined ? [] : ['--output', output]),
    ...(follow ? ['--follow'] : []),
  ];
}

/** A machine that is named is asked even if it has the unit no longer: its journal still does. */
function choose(
  unit: UnitView,
  machines: readonly KnownMachine[],
  known: readonly KnownMachine[],
  named: string | undefined,
): KnownMachine {
  if (named !== undefined) return findMachine(known, named);
  const [machine] = machines;
  if (!machine) throw new CommandFailed(`${unit.name}: ${absence(unit)}`);
  if (machines.length === 1) return machine;
  const names = machines.map(({ name }) => name).join(', ');
  throw new CommandFailed(`${unit.name} is on ${names}; choose one with --machine`);
}
