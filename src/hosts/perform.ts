import { isDeepStrictEqual } from 'node:util';
import { reminding } from '../model/remind.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Command, Connection } from '../ssh/connection.ts';
import { programName } from '../ssh/script.ts';
import { writeFiles } from '../ssh/write-files.ts';
import {
  factsCommand,
  type HostFacts,
  type HostState,
  parseFacts,
  parseState,
  programPaths,
  stateCommand,
} from './facts.ts';
import {
  type Operation,
  type Owner,
  pick,
  planHost,
  recordOf,
  sayHostOperation,
  settledRecord,
} from './plan.ts';
import type { Added } from './record.ts';
import {
  accountCommand,
  enableCommand,
  installCommand,
  recordCommand,
  reload,
  restoreCommand,
  simulateCommand,
  undoCommand,
} from './scripts.ts';
import { environmentPath, type WantedHost } from './wanted.ts';

export interface HostOptions {
  /** Gets a line for each operation, and one for every 10 s of waiting. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Root's rights are missing: waiting does not help, another login may. */
export class NotRoot extends Error {
  override readonly name = 'NotRoot';
}

/**
 * What the host has of that which is wanted. Changes nothing.
 *
 * @param authorizedKey the stack's login key; empty before it exists
 * @throws NotRoot when the user of the connection can't become root
 */
export async function readHost(
  connection: Connection,
  wanted: WantedHost,
  authorizedKey: string,
  { signal }: Partial<HostOptions> = {},
): Promise<HostState> {
  const said = await ask(connection, stateCommand(wanted, authorizedKey), signal);
  return parseState(said, connection.target.name);
}

/**
 * What a host is, and whether somebody has it. Changes nothing.
 *
 * @param authorizedKey the stack's login key; empty before it exists
 * @throws NotRoot when the user of the connection can't become root
 */
export async function readFacts(
  connection: Connection,
  authorizedKey: string,
  { signal }: Partial<HostOptions> = {},
): Promise<HostFacts> {
  return parseFacts(await ask(connection, factsCommand(authorizedKey), signal), connection.target.name);
}

async function ask(
  connection: Connection,
  command: Command,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { name, user } = connection.target;
  const result = await connection.exec(command, signal);
  if (result.status === 0) return result.stdout;
  const why = commandFailure(command, name, result);
  if (!/sudo/.test(`${result.stderr} ${result.status === 127 ? 'sudo' : ''}`)) throw new Error(why);
  throw new NotRoot(`${user} may not use sudo there without a password (${result.stderr.trim()})`);
}

/**
 * Makes the host what is wanted, from whatever it is. What is going to be added is recorded there first, so it may end
 * anywhere: run again it goes on, and `removeFromHost` takes away what was done.
 *
 * @param facts as `readHost` said just now, of the same wishes
 */
export async function applyToHost(
  connection: Connection,
  facts: HostState,
  wanted: WantedHost,
  owner: Owner,
  options: HostOptions,
): Promise<HostState> {
  const run = runner(connection, options);
  const operations = planHost(facts, wanted);
  if (operations.length === 0) return facts;
  for (const operation of operations) options.log(sayHostOperation(operation));
  const packages = pick(operations, 'install').flatMap((each) => each.packages);
  const brought = packages.length > 0 ? words(await run(simulateCommand(packages))) : [];
  const added = recordOf(facts, wanted, operations, brought, owner);
  const keep = toKeep(facts, operations);
  if (keep.length > 0 || !isDeepStrictEqual(added, facts.added)) await run(recordCommand(added, keep));
  await perform(run, wanted, owner, operations, packages);
  const settled = settledRecord(added, operations);
  if (settled.files.length < added.files.length) await run(recordCommand(settled, []));
  return { ...facts, added: settled };
}

type Run = (command: Command) => Promise<string>;

async function perform(
  run: Run,
  wanted: WantedHost,
  { owner }: Owner,
  operations: readonly Operation[],
  packages: readonly string[],
): Promise<void> {
  const files = pick(operations, 'write').map(({ file }) => file);
  if (files.length === operations.length) {
    await run(writeFiles(files, reload));
    return;
  }
  const restored = pick(operations, 'restore');
  const units = pick(operations, 'enable').map(({ unit }) => unit);
  if (files.length > 0) await run(writeFiles(files));
  if (restored.length > 0) await run(restoreCommand(restored));
  if (packages.length > 0) await run(installCommand(packages));
  if (operations.some(({ kind }) => ['group', 'user', 'join', 'authorize'].includes(kind)))
    await run(
      accountCommand(
        wanted.user,
        pick(operations, 'group').map(({ name }) => name),
        owner,
      ),
    );
  const reloads = operations.some(({ kind }) => ['write', 'restore', 'reload', 'enable'].includes(kind));
  if (reloads) await run(enableCommand(units));
}

/** Copies are made of what is about to be written over, and once of the file that others of Flotilla write to. */
function toKeep({ added, files }: HostState, operations: readonly Operation[]): string[] {
  const ours = new Set(added?.files.map(({ path }) => path));
  const overwritten = pick(operations, 'write')
    .map(({ file }) => file.path)
    .filter((path) => files[path] !== undefined && !ours.has(path));
  return [...new Set([...(added ? [] : [environmentPath]), ...overwritten])];
}

/** Takes away what the record names, and the record with it. */
export async function removeFromHost(
  connection: Connection,
  added: Added,
  options: HostOptions,
): Promise<void> {
  const said = await runner(connection, options)(undoCommand(added, programPaths));
  for (const line of said.split('\n')) if (line !== '') options.log(line);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function runner(connection: Connection, { log, signal }: HostOptions): Run {
  const { name } = connection.target;
  return async (command) => {
    const what = () => `${name} to run ${programName(command)}`;
    const result = await reminding(log, what, connection.exec(command, signal));
    if (result.status === 0) return result.stdout;
    const why = commandFailure(command, name, result);
    throw new Error(`${why}. What was done so far is recorded there; once the cause is mended, run it again`);
  };
}
