import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FenceFiles } from './fence-files.ts';
import { replaceFile } from './replace-file.ts';
import type { NewUnit } from './systemd.ts';

/** systemd's folder for units that a reboot forgets (systemd.unit(5), "Unit File Load Path"). */
const systemdFolder = '/run/systemd/system';

/** A unit file of ours on the disk. */
export interface UnitFile {
  readonly name: string;
  readonly contents: string;
  readonly hash: string;
  readonly started: boolean;
}

/**
 * The unit files that an agent put onto its machine: what stands in its folder is managed, whichever agent put it
 * there. systemd sees them by links from its own folder.
 */
export class UnitFiles {
  /** An empty file for each unit that was started. */
  readonly #started: string;
  readonly #units: string;
  readonly #fence: FenceFiles;
  /** By name, with the sign that the file is still the one that was read. */
  readonly #read = new Map<
    string,
    { readonly sign: string; readonly contents: string; readonly hash: string }
  >();

  /** `folder` is below /run, so that a machine starts clean and learns from the cluster what to run. */
  constructor(folder: string) {
    this.#units = join(folder, 'units');
    this.#started = join(folder, 'started');
    this.#fence = new FenceFiles(folder, systemdFolder);
  }

  /** The guard of the units that were written as fenced. */
  get fence(): FenceFiles {
    return this.#fence;
  }

  async list(): Promise<UnitFile[]> {
    const names = (await readFolder(this.#units)).filter((name) => !name.startsWith('.')).sort();
    const started = new Set(await readFolder(this.#started));
    return Promise.all(
      names.map(async (name) => ({ name, ...(await this.#contentsOf(name)), started: started.has(name) })),
    );
  }

  async write({ name, contents, fenced = false }: NewUnit): Promise<void> {
    for (const folder of [this.#units, systemdFolder]) await mkdir(folder, { recursive: true });
    await this.unmarkStarted(name);
    if (fenced) await this.#fence.add(name);
    else await this.#fence.remove(name);
    const file = join(this.#units, name);
    // The file says that the unit is here, so it comes last: an agent that ends in between does all of it again.
    await replaceFile(join(systemdFolder, name), (draft) => symlink(file, draft));
    await replaceFile(file, (draft) => writeFile(draft, contents, { mode: 0o644 }));
  }

  async remove(name: string): Promise<void> {
    await this.unmarkStarted(name);
    await rm(join(this.#units, name), { force: true });
    await rm(join(systemdFolder, name), { force: true });
    await this.#fence.remove(name);
    this.#read.delete(name);
  }

  async markStarted(name: string): Promise<void> {
    await mkdir(this.#started, { recursive: true });
    await writeFile(join(this.#started, name), '');
  }

  async unmarkStarted(name: string): Promise<void> {
    await rm(join(this.#started, name), { force: true });
  }

  /** Calls `onChange` when a file of ours changes, also by somebody's hand, until `signal` aborts. */
  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    await mkdir(this.#units, { recursive: true });
    const watcher = watch(this.#units, { signal }, (_, name) => {
      if (!name?.startsWith('.')) onChange();
    });
    // What it does not tell any more is seen with the next look.
    watcher.on('error', onChange);
  }

  async #contentsOf(name: string): Promise<{ contents: string; hash: string }> {
    const path = join(this.#units, name);
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const sign = [ino, size, mtimeMs, ctimeMs].join(' ');
    const known = this.#read.get(name);
    if (known?.sign === sign) return { contents: known.contents, hash: known.hash };
    const bytes = await readFile(path);
    const file = { contents: bytes.toString(), hash: createHash('sha256').update(bytes).digest('hex') };
    this.#read.set(name, { sign, ...file });
    return file;
  }
}

async function readFolder(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
