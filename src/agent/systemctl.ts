import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './log.ts';
import type { ManagedUnit, Systemd } from './systemd.ts';

/** Which systemd is driven: this machine's, or that of a container seen from outside. */
export interface SystemctlOptions {
  /** Put before every path that is read or written; default ''. */
  readonly root?: string;
  /** Put before every command, such as `nsenter` and its options; default none. */
  readonly enter?: readonly string[];
}

// All below /run, so that a machine starts clean and learns from the cluster what to run.
const folders = {
  /** Unit files of ours: what stands here is managed, whichever agent put it there. */
  units: '/run/flotilla/units',
  /** An empty file for each unit that was started. */
  started: '/run/flotilla/started',
  /** systemd's runtime folder (systemd.unit(5), "Unit File Load Path"). */
  systemd: '/run/systemd/system',
} as const;

/**
 * Milliseconds from one look for changes to the next: soon after something was done or has changed, then each time
 * twice as long. A look costs a process, which an emulated machine feels.
 */
const pauses = { first: 700, longest: 8000 } as const;

/** Milliseconds for commands that only ask or queue, and for `stop`, which waits for `TimeoutStopSec=`. */
const askTimeout = 30_000;
const stopTimeout = 600_000;

const properties = ['LoadState', 'ActiveState', 'SubState', 'Result'] as const;

/** `Systemd` by the systemctl command. Works on all units of a batch with one process each time. */
export class Systemctl implements Systemd {
  readonly #paths: Record<keyof typeof folders, string>;
  readonly #enter: readonly string[];
  /** Hash by name, with the sign that the file is still the one that was read. */
  readonly #hashes = new Map<string, { readonly sign: string; readonly hash: string }>();
  /** Units that were failed when last looked at. */
  #failed: ReadonlySet<string> = new Set();
  #pause: number = pauses.first;
  #sooner = new AbortController();

  constructor({ root = '', enter = [] }: SystemctlOptions = {}) {
    const { units, started, systemd } = folders;
    this.#paths = { units: root + units, started: root + started, systemd: root + systemd };
    this.#enter = enter;
  }

  async list(): Promise<readonly ManagedUnit[]> {
    const names = (await readFolder(this.#paths.units)).filter((name) => !name.startsWith('.')).sort();
    const started = new Set(await readFolder(this.#paths.started));
    const states = await this.#show(names);
    const units = await Promise.all(
      names.map(async (name, at) => ({
        name,
        hash: await this.#hashOf(name),
        ...stateOf(name, states[at]),
        started: started.has(name),
      })),
    );
    this.#failed = new Set(units.flatMap(({ name, active }) => (active === 'failed' ? name : [])));
    return units;
  }

  async install(
    write: readonly { name: string; contents: string }[],
    remove: readonly string[],
  ): Promise<void> {
    const { units, started, systemd } = this.#paths;
    await mkdir(units, { recursive: true });
    await mkdir(systemd, { recursive: true });
    for (const { name, contents } of write) {
      await rm(join(started, name), { force: true });
      await replaceFile(units, name, contents);
      await replaceLink(join(folders.units, name), systemd, name);
    }
    for (const name of remove) {
      await rm(join(systemd, name), { force: true });
      await rm(join(started, name), { force: true });
      await rm(join(units, name), { force: true });
      this.#hashes.delete(name);
    }
    await this.#run('systemctl', ['daemon-reload'], askTimeout);
    await this.#forgetFailures(remove);
  }

  async start(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await mkdir(this.#paths.started, { recursive: true });
    try {
      await this.#run('systemctl', ['start', '--no-block', '--', ...names], askTimeout);
    } catch (error) {
      // One bad unit fails the command for all, and says only in prose which it was.
      if (names.length === 1) throw error;
      return this.#startEach(names);
    }
    for (const name of names) await writeFile(join(this.#paths.started, name), '');
    this.#lookSoon();
  }

  async stop(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#run('systemctl', ['stop', '--', ...names], stopTimeout);
    await this.#forgetFailures(names.filter((name) => this.#failed.has(name)));
    for (const name of names) await rm(join(this.#paths.started, name), { force: true });
  }

  /** By invocation: the unit's own output, and what systemd says about it. */
  async journal(name: string, lines: number): Promise<readonly string[]> {
    const show = ['show', '--property=InvocationID', '--value', '--', name];
    const shown = await this.#run('systemctl', show, askTimeout);
    const id = shown.trim();
    if (id === '') return [];
    const matches = [`_SYSTEMD_INVOCATION_ID=${id}`, '+', `INVOCATION_ID=${id}`];
    const argv = ['--no-pager', '--quiet', '--output=cat', `--lines=${lines}`, ...matches];
    return (await this.#run('journalctl', argv, askTimeout)).split('\n').filter((line) => line !== '');
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    let last = JSON.stringify(await this.list());
    while (!signal.aborted) {
      this.#sooner = new AbortController();
      const pause = Math.min(this.#pause, pauses.longest);
      this.#pause = pause * 2;
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, this.#sooner.signal]) }).catch(
        () => {},
      );
      if (signal.aborted) return;
      const now = JSON.stringify(await this.list());
      if (now === last) continue;
      last = now;
      this.#lookSoon();
      yield;
    }
  }

  #lookSoon(): void {
    this.#pause = pauses.first;
    this.#sooner.abort();
  }

  /** A failed unit stays failed when it is stopped or gone. Fails for units that systemd has unloaded already. */
  async #forgetFailures(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#run('systemctl', ['reset-failed', '--', ...names], askTimeout).catch(() => {});
  }

  async #startEach(names: readonly string[]): Promise<void> {
    const failures: string[] = [];
    for (const name of names) {
      await this.start([name]).catch((error: unknown) => failures.push(messageOf(error)));
    }
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  /** The answer has one block for each name, in the order asked, so aliases can't confuse it. */
  async #show(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const argv = ['show', `--property=${properties.join(',')}`, '--', ...names];
    const blocks = (await this.#run('systemctl', argv, askTimeout)).trim().split('\n\n');
    if (blocks.length === names.length) return blocks;
    throw new Error(`systemctl show told of ${blocks.length} units, ${names.length} were asked for`);
  }

  #run(command: string, argv: readonly string[], timeout: number): Promise<string> {
    const [file = command, ...rest] = [...this.#enter, command, ...argv];
    return run(file, rest, timeout);
  }

  async #hashOf(name: string): Promise<string> {
    const path = join(this.#paths.units, name);
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const sign = [ino, size, mtimeMs, ctimeMs].join(' ');
    const known = this.#hashes.get(name);
    if (known?.sign === sign) return known.hash;
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    this.#hashes.set(name, { sign, hash });
    return hash;
  }
}

function stateOf(name: string, block = '') {
  const values = new Map(block.split('\n').map((line) => splitAt(line, line.indexOf('='))));
  const [load, active, sub, result = 'success'] = properties.map((property) => values.get(property));
  if (!load || !active || !sub) throw new Error(`systemctl show told no state of ${name}: ${block}`);
  // Targets and slices can't fail and have no result.
  return { load, active, sub, result: result === '' ? 'success' : result };
}

function splitAt(line: string, at: number): [string, string] {
  return [line.slice(0, at), line.slice(at + 1)];
}

async function readFolder(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** By rename, so that nobody ever reads half a file. The hidden name keeps it out of `list`. */
async function replaceFile(folder: string, name: string, contents: string): Promise<void> {
  const draft = join(folder, `.${name}`);
  await writeFile(draft, contents, { mode: 0o644 });
  await rename(draft, join(folder, name));
}

async function replaceLink(target: string, folder: string, name: string): Promise<void> {
  const draft = join(folder, `.${name}`);
  await rm(draft, { force: true });
  await symlink(target, draft);
  await rename(draft, join(folder, name));
}

function run(command: string, argv: readonly string[], timeout: number): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
  return new Promise((resolve, reject) => {
    execFile(command, argv, { timeout, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = stderr.trim() || error.message;
      reject(new Error(`${command} ${argv.slice(0, 5).join(' ')} failed: ${said}`, { cause: error }));
    });
  });
}
