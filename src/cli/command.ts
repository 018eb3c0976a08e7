import { Command } from 'commander';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { say } from './say.ts';

/** One verb of the command line. Its file exports it; program.ts lists it. */
export type Verb = (context: Context) => Command;

export interface VerbText {
  /** Stands in the list of commands. */
  readonly summary: string;
  /** What it does, with exit statuses and formats that scripts may rely on. */
  readonly description: string;
  readonly examples: readonly string[];
}

/** A command that works on a cluster, with the options and the help that all such have. */
export function verb(name: string, text: VerbText): Command {
  return describe(addCommonOptions(new Command(name)), text);
}

/** A command that needs no cluster. */
export function localVerb(name: string, text: VerbText): Command {
  return describe(addDebug(new Command(name)), text);
}

function describe(command: Command, { summary, description, examples }: VerbText): Command {
  const shown = examples.map((example) => `  $ flotilla ${example}\n`).join('');
  return command.summary(summary).description(description).addHelpText('after', `\nExamples:\n${shown}`);
}

/** Both before and after the verb: people write it either way. */
export function addCommonOptions(command: Command): Command {
  return addDebug(
    command
      .option('--stack <name>', 'the Pulumi stack; default: FLOTILLA_STACK, or else the selected stack')
      .option('--cluster <name>', 'which cluster of a stack that has several; default: FLOTILLA_CLUSTER'),
  );
}

function addDebug(command: Command): Command {
  return command.option('--debug', 'show errors with their stack and causes');
}

/** Opens the cluster that the options name, lets `work` use it, and keeps the exit status that it returns. */
export async function withCluster(
  context: Context,
  command: Command,
  work: (cluster: Cluster) => Promise<number>,
): Promise<void> {
  const options: { stack?: string; cluster?: string } = command.optsWithGlobals();
  const cluster = await context.openCluster({
    stack: options.stack ?? (context.env.FLOTILLA_STACK || undefined),
    cluster: options.cluster ?? (context.env.FLOTILLA_CLUSTER || undefined),
    log: (line) => say(context, line),
    signal: context.signal,
  });
  try {
    context.outcome.status = await work(cluster);
  } finally {
    await cluster.close();
  }
}
