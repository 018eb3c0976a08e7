import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/model/message-of.ts';
import { readIfPresent } from './files.ts';
import { type Command, runInForeground } from './process.ts';

/** Commands in which the engine asks clouds for something. */
const explained: ReadonlySet<string> = new Set(['up', 'update', 'preview', 'pre', 'refresh', 'destroy']);

/**
 * Runs pulumi on our own terminal. When a run fails, stderr has what its clouds' errors mean and what to do. Pulumi's own
 * output stays as it is.
 *
 * What most runs have no use for is loaded where it is needed: every run begins here.
 *
 * @returns pulumi's exit code
 */
export async function runEngine(command: Command): Promise<number> {
  const name = command.args[commandAt(command.args)] ?? '';
  return explained.has(name) && !logsEvents(command) ? runExplained(command) : runInForeground(command);
}

async function runExplained(command: Command): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-events-'));
  const file = join(folder, 'events.jsonl');
  try {
    const code = await runInForeground(logging(command, file));
    if (code !== 0) for (const line of await explanations(file)) console.error(`flotilla: ${line}`);
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function commandAt(args: readonly string[]): number {
  return args.findIndex((argument) => !argument.startsWith('-'));
}

function logsEvents({ args }: Command): boolean {
  return args.some((argument) => argument.startsWith('--event-log'));
}

/** The flag is the one that Pulumi's Automation API runs its CLI with; it is there for who debugs only. */
function logging({ path, args, environment }: Command, file: string): Command {
  const after = commandAt(args) + 1;
  return {
    path,
    args: [...args.slice(0, after), '--event-log', file, ...args.slice(after)],
    environment: { ...environment, PULUMI_DEBUG_COMMANDS: 'true' },
  };
}

/** Pulumi has told what failed: that this can't be explained must not hide it. */
async function explanations(file: string): Promise<string[]> {
  try {
    const { explainFailures } = await import('./explain.ts');
    return explainFailures(readIfPresent(file) ?? '');
  } catch (error) {
    return [`what failed can't be explained, since Pulumi's events can't be read: ${messageOf(error)}`];
  }
}
