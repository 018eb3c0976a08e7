import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../src/model/message-of.ts';
import { type Environment, type PulumiEnvironment, pulumiEnvironment } from './environment.ts';
import { readIfPresent } from './files.ts';
import type { Command } from './process.ts';

/** The clone this file belongs to. */
export const CLONE = dirname(import.meta.dirname);

const Credentials = z.object({ current: z.string().optional() });

/** A run of the Pulumi CLI, ready to start. */
export interface Launch {
  readonly command: Command;
  readonly backend: string | undefined;
}

/**
 * Prepares a run of the Pulumi CLI that set-up chose: the clone's state folder and passphrase exist afterwards, if
 * they are the ones in use.
 *
 * @throws Error when set-up has not been run, or what it chose is gone.
 */
export function preparePulumi(args: readonly string[], environment: Environment = process.env): Launch {
  const path = pulumiCli();
  const prepared = pulumiEnvironment({ clone: CLONE, environment, login: currentLogin(environment), args });
  makeNeeded(prepared);
  return { command: { path, args, environment: prepared.variables }, backend: prepared.backend };
}

function pulumiCli(): string {
  try {
    return realpathSync(join(CLONE, 'node_modules', '.flotilla', 'pulumi'));
  } catch (cause) {
    const next = 'Next step: npm run up, or bash toolchain/setup.sh';
    throw new Error(`There is no Pulumi CLI for this clone yet. ${next}`, { cause });
  }
}

/** Backend that `pulumi login` chose. */
function currentLogin(environment: Environment): string | undefined {
  const home = environment.PULUMI_HOME || join(homedir(), '.pulumi');
  const file = join(home, 'credentials.json');
  const text = readIfPresent(file);
  try {
    return text === undefined ? undefined : Credentials.parse(JSON.parse(text)).current || undefined;
  } catch (cause) {
    const next = 'Next step: move it away; `pulumi login` writes it anew';
    throw new Error(`${file} is not what \`pulumi login\` writes: ${messageOf(cause)}. ${next}`, { cause });
  }
}

/** Makes what the run needs in the clone. Throws when a passphrase would be made for a state that has another. */
export function makeNeeded({
  stateFolder,
  passphraseFile,
}: Pick<PulumiEnvironment, 'stateFolder' | 'passphraseFile'>): void {
  if (stateFolder !== undefined) mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  if (passphraseFile === undefined) return;
  refuseLostPassphrase(passphraseFile, stateFolder);
  ensurePassphrase(passphraseFile);
}

/**
 * Fills the file with a random passphrase unless it exists. The file appears whole or not at all, and of two
 * processes at once the first wins: `link` refuses an existing name.
 */
export function ensurePassphrase(path: string): void {
  if (existsSync(path)) return;
  const draft = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
}

/** A new passphrase for an old state would only hide what happened: its secrets can't be read with it. */
function refuseLostPassphrase(file: string, stateFolder: string | undefined): void {
  if (stateFolder === undefined || existsSync(file)) return;
  if (!existsSync(join(stateFolder, '.pulumi', 'stacks'))) return;
  throw new Error(
    `${file} is gone, and without it the secrets of the state in ${stateFolder} can't be read. ` +
      'Next step: bring the file back, or set PULUMI_CONFIG_PASSPHRASE to what was in it.',
  );
}
