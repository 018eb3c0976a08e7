import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { types } from 'node:util';
import { messageOf } from '../model/message-of.ts';
import { attachTemplates } from '../template/attach.ts';
import { hasUnitType } from '../unit/name.ts';
import { CommandFailed } from './failure.ts';
import { globMatcher } from './unit-words.ts';

/** A unit file on this computer. */
export interface LocalFile {
  readonly path: string;
  readonly contents: string;
}

/** As the unit goes to the cluster: with the templates beside it that it names. Undefined when there is no such file. */
export async function readUnitFile(path: string): Promise<LocalFile | undefined> {
  try {
    const contents = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
    return { path, contents: withTemplates(path, contents) };
  } catch (cause) {
    if (cause instanceof CommandFailed) throw cause;
    if (missing.has(codeOf(cause))) return undefined;
    if (codeOf(cause) === 'EISDIR') {
      throw new CommandFailed(`${path} is a folder; name its files: '${join(path, '*')}'`);
    }
    throw new CommandFailed(`${path} can't be read as a unit file: ${messageOf(cause)}`);
  }
}

function withTemplates(path: string, unit: string): string {
  const { contents, problems } = attachTemplates(path, unit, (name) => {
    const beside = join(dirname(path), name);
    return existsSync(beside) ? { path: beside, contents: readFileSync(beside, 'utf8') } : undefined;
  });
  if (problems.length === 0) return contents;
  const lines = problems.map(({ path: place, problem, fix }) => `${place}: ${problem}; ${fix}`);
  throw new CommandFailed(lines.join('\n'));
}

/** Paths of the unit files that a glob in quotes means. As in the shell's last segment; folders are taken literally. */
export async function unitFilesMatching(glob: string): Promise<readonly string[]> {
  const folder = dirname(glob);
  const matches = globMatcher(basename(glob));
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => hasUnitType(name) && !name.startsWith('.') && matches(name))
    .sort()
    .map((name) => join(folder, name));
}

const missing: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

function codeOf(cause: unknown): unknown {
  return types.isNativeError(cause) && 'code' in cause ? cause.code : undefined;
}
