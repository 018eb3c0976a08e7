import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import { messageOf } from '../model/message-of.ts';
import { plainText } from '../model/plain-text.ts';
import { AnswerLost, ApiError, NoAnswer } from '../push/errors.ts';
import { BastionError, ConnectionLostError } from '../ssh/errors.ts';
import { cache } from './cache.ts';
import { cat } from './cat.ts';
import { addCommonOptions, type Verb } from './command.ts';
import { completeCommand } from './complete.ts';
import { completion } from './completion.ts';
import type { Context } from './context.ts';
import { cordon } from './cordon.ts';
import { destroy } from './destroy.ts';
import { doctor } from './doctor.ts';
import { drain } from './drain.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { CommandFailed, failed, interrupted, unreachable, wrongUsage } from './failure.ts';
import { fdForward } from './fd-forward.ts';
import { image } from './image.ts';
import { journal } from './journal.ts';
import { listMachines } from './list-machines.ts';
import { listUnitFiles } from './list-unit-files.ts';
import { listUnits } from './list-units.ts';
import { load } from './load.ts';
import { logs } from './logs.ts';
import { rebalance } from './rebalance.ts';
import { restart } from './restart.ts';
import { rollout } from './rollout.ts';
import { listServices } from './services.ts';
import { ssh } from './ssh.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { submit } from './submit.ts';
import { template } from './template.ts';
import { top } from './top.ts';
import { uncordon } from './uncordon.ts';
import { unload } from './unload.ts';
import { verify } from './verify.ts';
import { ownVersion, version } from './version.ts';

/** In the order and under the headings of `flotilla --help`. */
const verbs: Readonly<Record<string, readonly Verb[]>> = {
  'Looking:': [
    listMachines,
    listUnits,
    listUnitFiles,
    listServices,
    status,
    explain,
    journal,
    logs,
    events,
    top,
    cat,
  ],
  'Units:': [submit, load, start, stop, restart, unload, destroy, verify],
  'Machines:': [ssh, cordon, drain, uncordon, rebalance],
  'Rollouts:': [rollout],
  'Images:': [image],
  'Other:': [doctor, template, cache, completion, fdForward, version],
};

/** Runs one command line, without the program's name, and returns its exit status. Throws nothing. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  try {
    await buildProgram(context).parseAsync([...argv], { from: 'user' });
    return context.outcome.status;
  } catch (error) {
    // Commander has said what is wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsage;
    if (context.signal.aborted) return interrupted;
    context.terminal.stderr.write(plainText(`flotilla: ${describe(error, context.outcome.debug)}\n`));
    return statusOf(error);
  }
}

function buildProgram(context: Context): Command {
  const { stdout, stderr } = context.terminal;
  const program = addCommonOptions(new Command('flotilla'))
    .description(
      'Looks at a Flotilla cluster and changes it: its machines, its units, their state and their logs.',
    )
    .addHelpText(
      'after',
      '\nThe cluster is found through its Pulumi stack. What a stack owns is changed back by its next `up --refresh`.\n' +
        'Exit status: 0 done, 1 failed, 2 wrong usage, 3 timed out, 4 the cluster does not answer.\n' +
        '\nExamples:\n  $ flotilla list-units\n  $ flotilla start hello.service\n  $ flotilla journal -f hello.service\n',
    )
    .version(`flotilla version ${ownVersion()}`, '--version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'flotilla: ')),
    })
    // Before the action, not in it: what fails before a cluster is opened has a stack as well.
    .hook('preAction', (_, command) => {
      context.outcome.debug = command.optsWithGlobals().debug === true;
    });
  for (const [heading, group] of Object.entries(verbs)) {
    for (const verb of group) program.addCommand(inherit(verb(context), program).helpGroup(heading));
  }
  program.addCommand(inherit(completeCommand(context, program), program), { hidden: true });
  return program.showHelpAfterError(nameHelpOf('flotilla'));
}

/** Commander hands its settings down only to commands that it makes itself. `words` lead to `from`. */
function inherit(command: Command, from: Command, words = 'flotilla'): Command {
  const path = `${words} ${command.name()}`;
  command.copyInheritedSettings(from).showHelpAfterError(nameHelpOf(path));
  for (const sub of command.commands) inherit(sub, command, path);
  return command;
}

/** What stands behind commander's words about wrong usage. */
function nameHelpOf(path: string): string {
  return `\`${path} --help\` shows how`;
}

function statusOf(error: unknown): number {
  if (error instanceof CommandFailed) return error.status;
  const silent = [NoAnswer, AnswerLost, ConnectionLostError, BastionError];
  return silent.some((kind) => error instanceof kind) ? unreachable : failed;
}

function describe(error: unknown, debug: boolean): string {
  if (debug) return inspect(error);
  // Several problems are several lines.
  if (error instanceof CommandFailed || error instanceof ApiError) return error.message;
  // One line, also when a library's message has several.
  const message = messageOf(error).replaceAll(/\s*\n\s*/g, ' ');
  if (!(error instanceof ConnectionLostError)) return message;
  return `${message} Run it again once \`flotilla list-machines\` shows the machine`;
}
