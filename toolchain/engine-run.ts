import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cwd } from 'node:process';
import { messageOf } from '../src/model/message-of.ts';
import { readIfPresent } from './files.ts';
import { CLONE } from './launcher.ts';
import { type Command, runInForeground } from './process.ts';

/** Commands that always run the program. */
const programmed: ReadonlySet<string> = new Set(['up', 'update', 'preview', 'pre']);

/** Commands in which the engine asks clouds for something. */
const explained: ReadonlySet<string> = new Set([...programmed, 'refresh', 'destroy']);

/**
 * Runs pulumi on our own terminal. The program is told whose turn it is in groups that are replaced one machine at a
 * time, and when a run fails, stderr has what its clouds' errors mean and what to do. Pulumi's own output stays as it is.
 *
 * What most runs have no use for is loaded where it is needed: every run begins here.
 *
 * @returns pulumi's exit code
 */
export async function runEngine(command: Command): Promise<number> {
  const name = command.args[commandAt(command.args)] ?? '';
  const told = runsProgram(command) && isWithinClone() && mentionsSurge() ? await withTurn(command) : command;
  return explained.has(name) && !logsEvents(command) ? runExplained(told) : runInForeground(told);
}

function runsProgram({ args }: Command): boolean {
  return programmed.has(args[commandAt(args)] ?? '') || args.some((each) => each.startsWith('--run-program'));
}

function isWithinClone(): boolean {
  return `${cwd()}/`.startsWith(`${CLONE}/`);
}

/** More than the key may do so, which costs no more than a look at the state. */
function mentionsSurge(): boolean {
  const folder = join(CLONE, 'stacks');
  const configs = readdirSync(folder).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
  return configs.some((name) => /^[^#]*\bsurge\b/m.test(readFileSync(join(folder, name), 'utf8')));
}

async function withTurn(command: Command): Promise<Command> {
  const { turnFor } = await import('./take-turn.ts');
  const { keptGenerationsVariable } = await import('../src/config/kept-generations.ts');
  const turn = await turnFor(command.args);
  if (!turn) return command;
  for (const line of turn.says) console.error(`flotilla: ${line}`);
  const environment = { ...command.environment, [keptGenerationsVariable]: JSON.stringify(turn.kept) };
  return { ...command, environment };
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
