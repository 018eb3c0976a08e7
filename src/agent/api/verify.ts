import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterState } from '../../store/cluster-state.ts';
import { templateOf } from '../../unit/name.ts';
import { ApiError } from './api-error.ts';
import type { ApiContext, VerifyUnits } from './route.ts';
import type { PutUnit } from './views.ts';

const program = '/usr/bin/systemd-analyze';

/** Milliseconds for all files together; a client waits that long on top. Then they are taken as they are. */
const patience = 4000;

/** More files than this are not asked about: a folder of hundreds was checked by whoever pushes it. */
const maxFiles = 20;

/** `systemd-analyze verify`, or nothing on a machine that has none. */
export async function findVerifier(): Promise<Pick<ApiContext, 'verify'>> {
  const there = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return there ? { verify: verifyUnits } : {};
}

/**
 * Only what keeps systemd from loading a file counts. What else `verify` finds depends on the machine it runs on: a
 * command that is not there yet, a unit that comes later, an option that a newer systemd knows.
 */
const verifyUnits: VerifyUnits = async (files) => {
  if (files.length > maxFiles) return [];
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-verify-'));
  try {
    await Promise.all(files.map(({ name, contents }) => writeFile(join(folder, name), contents)));
    const names = files.map(({ name }) => name);
    return refusals(await run(names.map((name) => join(folder, name))), names);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** What it says on stderr, whatever it ends with: it has no status of its own for a file that can't be loaded. */
function run(paths: readonly string[]): Promise<string> {
  const argv = ['verify', '--man=no', '--generators=no', ...paths];
  return new Promise((resolve) => {
    const options = { timeout: patience, env: { LANG: 'C.UTF-8' } };
    execFile(program, argv, options, (_error, _stdout, stderr) => resolve(stderr));
  });
}

/** systemd's word is "bad unit file setting"; the lines before it that name the unit say why. */
export function refusals(said: string, names: readonly string[]): string[] {
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const [, unit = ''] = /^Unit (\S+) has a bad unit file setting/.exec(line) ?? [];
    // A template is verified as an instance that systemd makes up.
    const name = names.find((one) => one === unit || one === templateOf(unit));
    if (name === undefined) return [];
    const why = lines.filter((other) => other !== line && (other.includes(name) || other.includes(unit)));
    return [`systemd refuses ${name}: ${why.map(withoutFolder).join('; ') || 'bad unit file setting'}`];
  });
}

function withoutFolder(line: string): string {
  return line.replace(/\S*\/flotilla-verify-\w+\//g, '');
}

/**
 * Asks about files that the store does not have yet, of a template's instances about one.
 * @throws {ApiError} 400 with what systemd says.
 */
export async function refuseUnverified(
  { verify }: Pick<ApiContext, 'verify'>,
  { files }: ClusterState,
  put: readonly PutUnit[],
): Promise<void> {
  if (verify === undefined || put.length === 0) return;
  const unknown = new Map(put.flatMap((unit) => (files.has(unit.hash) ? [] : [[unit.hash, unit]])));
  const refused = unknown.size === 0 ? [] : await verify([...unknown.values()]);
  if (refused.length > 0) throw new ApiError(400, refused.join('\n'));
}
