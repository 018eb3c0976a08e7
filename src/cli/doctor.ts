import type { Command } from 'commander';
import type { Question } from '../doctor/diagnose.ts';
import type { Report } from '../doctor/examine.ts';
import type { StackState } from '../doctor/subject.ts';
import { messageOf } from '../model/message-of.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed, wrongUsage } from './failure.ts';
import { painter, print, printJson, say } from './say.ts';
import { NoCluster } from './stack.ts';
import { type Cell, renderTable, type Style } from './table.ts';

interface DoctorOptions {
  readonly platform?: string;
  readonly legend: boolean;
  readonly json?: boolean;
}

const styles: Readonly<Record<Report['level'], Style>> = { ok: 'green', warning: 'yellow', problem: 'red' };

export const doctor: Verb = (context) =>
  verb('doctor', {
    summary: 'look at what a cluster needs, and say how to mend what is wrong',
    description:
      "Checks tools, the stack's config, Pulumi's backend and this computer's clock and disk; what the stack's " +
      'platform needs: KVM, memory and ports, or credentials and limits of the account, or each host; and of a ' +
      'cluster that is up, each machine. Changes nothing.\n\nExit status 0: no problem, though there may be ' +
      'warnings; 1: a problem.\n\nWith --json: [{check, level (ok, warning, problem), finding, fix, why}], with ' +
      'null where nothing is to be mended.',
    examples: ['doctor', 'doctor --stack staging', 'doctor --platform digitalocean'],
  })
    .option('--platform <name>', 'check what this platform needs, whatever a stack says')
    .option('--no-legend', 'no column headers')
    .option('--json', 'JSON for scripts: an array with one object a finding')
    .action(async (options: DoctorOptions, command: Command) => {
      const reports = await examineStack(context, options, command);
      if (options.json) printJson(context, reports.map(json));
      else show(context, reports, options);
      context.outcome.status = reports.some(({ level }) => level === 'problem') ? failed : 0;
    });

/** The checks are loaded here: no other verb needs them, and completion is to be quick. */
async function examineStack(
  context: Context,
  { platform }: DoctorOptions,
  command: Command,
): Promise<readonly Report[]> {
  const { clone } = context;
  if (clone === undefined)
    throw new CommandFailed(
      'doctor looks at a clone of Flotilla, and this is the installed package; `pulumi preview` says what your program lacks',
      failed,
    );
  const { diagnose, UnknownPlatform } = await import('../doctor/diagnose.ts');
  const { stack }: { stack?: string } = command.optsWithGlobals();
  const log = (line: string) => say(context, line);
  const opened: Cluster[] = [];
  const question: Question = {
    ...{ clone, platform, stack: stack ?? (context.env.FLOTILLA_STACK || undefined) },
    readState: (name) => readState(context, name, log, opened),
  };
  const probes = await context.probes();
  try {
    return await diagnose(question, probes, { log, signal: context.signal });
  } catch (error) {
    if (error instanceof UnknownPlatform) throw new CommandFailed(error.message, wrongUsage);
    throw error;
  } finally {
    await Promise.all([probes, ...opened].map((each) => each.close()));
  }
}

/** @param opened gets the cluster, to be closed at the end */
async function readState(
  context: Context,
  stack: string,
  log: (line: string) => void,
  opened: Cluster[],
): Promise<StackState> {
  try {
    const cluster = await context.openCluster({ stack, log, signal: context.signal });
    opened.push(cluster);
    const { machines, connect } = cluster;
    const named = new Map(machines.map((machine) => [machine.name, machine]));
    return {
      kind: 'up',
      cluster: {
        machines,
        async connect(name) {
          const machine = named.get(name);
          if (!machine) throw new TypeError(`the stack has no machine ${name}`);
          return await connect(machine);
        },
      },
    };
  } catch (error) {
    context.signal.throwIfAborted();
    return error instanceof NoCluster ? { kind: 'down' } : { kind: 'unreadable', why: messageOf(error) };
  }
}

function show(context: Context, reports: readonly Report[], { legend }: DoctorOptions): void {
  const paint = painter(context);
  const rows = reports.map(({ what, level, finding }): Cell[] => [
    { text: what },
    { text: level, style: styles[level] },
    { text: finding },
  ]);
  const headers = ['CHECK', 'STATE', 'FINDING'].map((text): Cell => ({ text }));
  context.terminal.stdout.write(renderTable(legend ? [headers, ...rows] : rows, paint));
  const mend = reports.flatMap(({ what, level, fix }): Cell[][] =>
    fix === undefined ? [] : [[{ text: what }, { text: level, style: styles[level] }, { text: fix }]],
  );
  if (mend.length === 0) return;
  print(context, '');
  const fixHeaders = ['CHECK', 'STATE', 'FIX'].map((text): Cell => ({ text }));
  context.terminal.stdout.write(renderTable(legend ? [fixHeaders, ...mend] : mend, paint));
}

/** Scripts rely on it: keys may come, none may go or change its meaning. */
function json({ what, level, finding, fix, why }: Report) {
  return { check: what, level, finding, fix: fix ?? null, why };
}
