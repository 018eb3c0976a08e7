import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** systemd's folder for units that a reboot forgets (systemd.unit(5), "Unit File Load Path"). */
const systemdFolder = '/run/systemd/system';

/** A unit file of ours on the disk. */
export interface UnitFile {
  readonly name: string;
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
  /** Hash by name, with the sign that the file is still the one that was read. */
  readonly #hashes = new Map<string, { readonly sign: string; readonly hash: string }>();

  /** `folder` is below /run, so that a machine starts clean and learns from the cluster what to run. */
  constructor(folder: string) {
    this.#units = join(folder, 'units');
    this.#started = join(folder, 'started');
  }

  async list(): Promise<UnitFile[]> {
    const names = (await readFolder(this.#units)).filter((name) => !name.startsWith('.')).sort();
    const started = new Set(await readFolder(this.#started));
    return Promise.all(
      names.map(async (name) => ({ name, hash: await this.#hashOf(name), started: started.has(name) })),
    );
  }

  async write(name: string, contents: string): Promise<void> {
    for (const folder of [this.#units, systemdFolder]) await mkdir(folder, { recursive: true });
    await this.unmarkStarted(name);
    const file = join(this.#units, name);
    await replace(file, (draft) => writeFile(draft, contents, { mode: 0o644 }));
    await replace(join(systemdFolder, name), (draft) => symlink(file, draft));
  }

  async remove(name: string): Promise<void> {
    await rm(join(systemdFolder, name), { force: true });
    await this.unmarkStarted(name);
    await rm(join(this.#units, name), { force: true });
    this.#hashes.delete(name);
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

  async #hashOf(name: string): Promise<string> {
    const path = join(this.#units, name);
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const sign = [ino, size, mtimeMs, ctimeMs].join(' ');
    const known = this.#hashes.get(name);
    if (known?.sign === sign) return known.hash;
    const contents = await readFile(path);
    const hash = createHash('sha256').update(contents).digest('hex');
    this.#hashes.set(name, { sign, hash });
    return hash;
  }
}

async function readFolder(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** By rename, so that nobody ever reads half a file. Its hidden name keeps the draft out of lists. */
async function replace(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = path.replace(/[^/]*$/, '.$&');
  await rm(draft, { force: true });
  await make(draft);
  await rename(draft, path);
}
