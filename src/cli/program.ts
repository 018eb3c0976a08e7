import { inspect, types } from 'node:util';
import { Command, CommanderError } from 'commander';
import { plainText } from '../model/plain-text.ts';
import { cache } from './cache.ts';
import { cat } from './cat.ts';
import { interrupted } from './cluster.ts';
import { addCommonOptions, type Verb } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { journal } from './journal.ts';
import { listMachines } from './list-machines.ts';
import { listUnitFiles } from './list-unit-files.ts';
import { listUnits } from './list-units.ts';
import { ssh } from './ssh.ts';
import { status } from './status.ts';

const verbs: readonly Verb[] = [listMachines, listUnits, listUnitFiles, status, journal, ssh, cat, cache];

const usageError = 2;

/** Runs one command line, without the program's name, and returns its exit status. Throws nothing. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  try {
    await buildProgram(context).parseAsync([...argv], { from: 'user' });
    return context.outcome.status;
  } catch (error) {
    // Commander has said what is wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    if (context.signal.aborted) return interrupted;
    context.terminal.stderr.write(plainText(`flotilla: ${describe(error, context.outcome.debug)}\n`));
    return error instanceof CommandFailed ? error.status : 1;
  }
}

function buildProgram(context: Context): Command {
  const { stdout, stderr } = context.terminal;
  const program = addCommonOptions(new Command('flotilla'))
    .description('Looks at a Flotilla cluster: its machines, its units, their state and their logs.')
    .addHelpText(
      'after',
      '\nThe cluster is found through its Pulumi stack. Exit status: 0 done, 1 failed, 2 wrong usage.\n' +
        '\nExamples:\n  $ flotilla list-units\n  $ flotilla journal -f hello.service\n',
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  for (const verb of verbs) program.addCommand(inherit(verb(context), program));
  return program;
}

/** Commander hands its settings down only to commands that it makes itself. */
function inherit(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const sub of command.commands) inherit(sub, command);
  return command;
}

function describe(error: unknown, debug: boolean): string {
  if (debug) return inspect(error);
  // One line, also when a library's message has several.
  const message = types.isNativeError(error) ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, ' ');
}
