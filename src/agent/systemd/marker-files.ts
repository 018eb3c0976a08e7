import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolder } from './read-folder.ts';
import { UnitFailures } from './systemd.ts';

/** Files that say one thing each of the unit that they are named after, and outlive the process. */
export class MarkerFiles {
  readonly #folder: string;
  /** What this process itself is about to take back. */
  readonly #own = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  list(): Promise<string[]> {
    return readFolder(this.#folder);
  }

  /** Those that nobody is about to take back: whoever made them has ended or failed. */
  async left(): Promise<string[]> {
    const own = new Set(this.#own);
    return (await this.list()).filter((name) => !own.has(name) && !this.#own.has(name));
  }

  /** Undefined when it has been taken back. */
  async read(name: string): Promise<string | undefined> {
    return readFile(join(this.#folder, name), 'utf8').catch(() => undefined);
  }

  async add(name: string, contents = ''): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, name), contents);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }

  /** They are there while the work is done, and stay when it fails, or of those that `UnitFailures` names. */
  async during(names: readonly string[], contents: string, work: () => Promise<void>): Promise<void> {
    for (const name of names) this.#own.add(name);
    try {
      for (const name of names) await this.add(name, contents);
      const failed = await failuresOf(work);
      for (const name of names) if (!failed?.failures.has(name)) await this.remove(name);
      if (failed) throw failed;
    } finally {
      for (const name of names) this.#own.delete(name);
    }
  }
}

async function failuresOf(work: () => Promise<void>): Promise<UnitFailures | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UnitFailures) return error;
    throw error;
  }
}
