import { isDeepStrictEqual } from 'node:util';
import { environmentFile } from '../model/machine-environment.ts';
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
  stateCommand,
} from './facts.ts';
import { installCommand, parseSimulation, refuseLosses, simulateCommand } from './packages.ts';
import {
  isRight,
  type Operation,
  pick,
  planHost,
  recordOf,
  sayHostOperation,
  settledRecord,
} from './plan.ts';
import type { Added } from './record.ts';
import { type Owner, recordCommand, restoreCommand } from './record-script.ts';
import { accountCommand, enableCommand, reload } from './scripts.ts';
import { undoCommand } from './undo.ts';
import type { WantedFile, WantedHost } from './wanted.ts';

export interface HostOptions {
  /** Gets a line for each operation, and one for every 10 s of waiting. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A package that refuses explains itself in a paragraph, and dpkg and apt have five lines more to say of it. */
const linesOfPackages = 20;

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

export type ApplyOptions = HostOptions & {
  /** Gets the record each time that it was written. */
  readonly recorded?: (added: Added) => void;
};

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
  options: ApplyOptions,
): Promise<void> {
  const run = runner(connection, options);
  const operations = planHost(facts, wanted);
  if (operations.length === 0 && (facts.recorded || !facts.added)) return;
  for (const operation of operations) options.log(sayHostOperation(operation));
  const packages = pick(operations, 'install').flatMap((each) => each.packages);
  const brought = await whatComes(run, packages, connection.target.name);
  const added = recordOf(facts, wanted, operations, brought, owner);
  const keep = toKeep(facts, operations);
  const write = async (record: Added, kept: readonly string[]) => {
    await run(recordCommand(record, kept, facts.added === undefined));
    options.recorded?.(record);
  };
  if (keep.length > 0 || !facts.recorded || !isDeepStrictEqual(added, facts.added)) await write(added, keep);
  await perform(run, wanted, owner, operations, packages);
  const settled = settledRecord(added, operations);
  if (settled.files.length < added.files.length) await write(settled, []);
}

/** Before anything is changed. */
async function whatComes(run: Run, packages: readonly string[], where: string): Promise<readonly string[]> {
  if (packages.length === 0) return [];
  const simulation = parseSimulation(await run(simulateCommand(packages)));
  refuseLosses(packages, simulation, where);
  return simulation.brings;
}

type Run = (command: Command) => Promise<string>;

async function perform(
  run: Run,
  wanted: WantedHost,
  { owner }: Owner,
  operations: readonly Operation[],
  packages: readonly string[],
): Promise<void> {
  const writes = pick(operations, 'write');
  if (writes.length === operations.length) {
    if (writes.length > 0) await run(writeFiles(filesOf(writes), reload));
    return;
  }
  const restored = pick(operations, 'restore');
  const units = pick(operations, 'enable').map(({ unit }) => unit);
  const [rights, files] = [filesOf(writes.filter(isRight)), filesOf(writes.filter((each) => !isRight(each)))];
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
  if (rights.length > 0) await run(writeFiles(rights));
  const reloads = operations.some(({ kind }) => ['write', 'restore', 'reload', 'enable'].includes(kind));
  if (reloads) await run(enableCommand(units));
}

function filesOf(writes: readonly { readonly file: WantedFile }[]): readonly WantedFile[] {
  return writes.map(({ file }) => file);
}

/** Copies are made of what is about to be written over, and once of the file that others of Flotilla write to. */
function toKeep({ added, files }: HostState, operations: readonly Operation[]): string[] {
  const ours = new Set(added?.files.map(({ path }) => path));
  const overwritten = pick(operations, 'write')
    .map(({ file }) => file.path)
    .filter((path) => files[path] !== undefined && !ours.has(path));
  return [...new Set([...(added ? [] : [environmentFile]), ...overwritten])];
}

/**
 * Takes away what the record names, and the record with it.
 *
 * @param recorded whether the record lies there; where it does not, it is put there first, so that nobody else takes the
 * host meanwhile
 */
export async function removeFromHost(
  connection: Connection,
  added: Added,
  options: HostOptions,
  recorded = true,
): Promise<void> {
  const run = runner(connection, options);
  if (!recorded) await run(recordCommand(added, [], false));
  const said = await run(undoCommand(added));
  for (const line of said.split('\n')) if (line !== '') options.log(line);
}

function runner(connection: Connection, { log, signal }: HostOptions): Run {
  const { name } = connection.target;
  return async (command) => {
    const what = () => `${name} to run ${programName(command)}`;
    const result = await reminding(log, what, connection.exec(command, signal));
    if (result.status === 0) return result.stdout;
    const why = commandFailure(command, name, result, linesOfPackages);
    throw new Error(`${why}. What was done so far is recorded there; once the cause is mended, run it again`);
  };
}
