import { watch } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../../unit/hash.ts';
import { FenceFiles } from './fence-files.ts';
import { InstallLinks } from './install-links.ts';
import { MarkerFiles } from './marker-files.ts';
import { readFolder } from './read-folder.ts';
import { replaceFile } from './replace-file.ts';
import { halfWritten, type NewUnit } from './systemd.ts';

/** systemd's folder for units that a reboot forgets (systemd.unit(5), "Unit File Load Path"). */
const runtimeFolder = '/run/systemd/system';

/** A unit file of ours on the disk. */
export interface FileOnDisk {
  readonly name: string;
  readonly contents: string;
  readonly hash: string;
  readonly started: boolean;
  /** When an agent was about to start it that then ended, in microseconds of the monotonic clock; absent else. */
  readonly startingSince?: number;
}

/**
 * The unit files that an agent put onto its machine: what stands in its folder is managed, whichever agent put it
 * there. systemd sees them by links from its own folder.
 */
export class UnitFiles {
  /** An empty file for each unit that was started. */
  readonly #started: MarkerFiles;
  /** For each unit that is about to be started, when. */
  readonly #starting: MarkerFiles;
  /** An empty file for each unit whose files are being changed, until systemd knows of it. */
  readonly #changing: MarkerFiles;
  readonly #units: string;
  readonly #systemdFolder: string;
  readonly #fence: FenceFiles;
  readonly #links: InstallLinks;
  /** By name, with the sign that the file is still the one that was read. */
  readonly #read = new Map<
    string,
    { readonly sign: string; readonly contents: string; readonly hash: string }
  >();

  /** `folder` is below /run, so that a machine starts clean and learns from the cluster what to run. */
  constructor(folder: string, systemdFolder = runtimeFolder) {
    this.#systemdFolder = systemdFolder;
    this.#units = join(folder, 'units');
    this.#started = new MarkerFiles(join(folder, 'started'));
    this.#starting = new MarkerFiles(join(folder, 'starting'));
    this.#changing = new MarkerFiles(join(folder, 'changing'));
    this.#fence = new FenceFiles(folder, systemdFolder);
    this.#links = new InstallLinks(this.#units, systemdFolder);
  }

  /** The guard of the units that were written as fenced. */
  get fence(): FenceFiles {
    return this.#fence;
  }

  /** The links by which systemd has enabled units. */
  get links(): InstallLinks {
    return this.#links;
  }

  /** Where systemd finds the unit's file. */
  pathOf(name: string): string {
    return join(this.#units, name);
  }

  /** Units that have a file here. */
  async names(): Promise<string[]> {
    return (await readFolder(this.#units)).filter((name) => !name.startsWith('.'));
  }

  /** Undefined when it has no file. */
  async contentsOf(name: string): Promise<string | undefined> {
    return readFile(this.pathOf(name), 'utf8').catch(() => undefined);
  }

  /** Other names that units of ours have on this machine, with whose they are. */
  async aliases(): Promise<Map<string, string>> {
    const ours = new Set(await this.names());
    const links = (await this.#links.list()).filter(({ unit }) => ours.has(unit));
    return new Map(links.flatMap(({ alias, unit }) => (alias === undefined ? [] : [[alias, unit]])));
  }

  /**
   * Units that another agent did not come to the end with, or that the last change failed for. While the name is
   * another unit's alias there is nothing of it here: whoever stopped it would stop that one.
   */
  async halves(): Promise<Set<string>> {
    const left = await this.#changing.left();
    const aliases = left.length > 0 ? await this.aliases() : new Map();
    return new Set(left.filter((name) => !aliases.has(name)));
  }

  /** One of the `halves` has the hash `halfWritten`, also if it has no file. */
  async list(): Promise<FileOnDisk[]> {
    const found = await this.names();
    const halves = await this.halves();
    const names = [...new Set([...found, ...halves])].sort();
    const [started, starting] = [new Set(await this.#started.list()), new Set(await this.#starting.left())];
    return Promise.all(
      names.map(async (name) => {
        const file = halves.has(name) ? { contents: '', hash: halfWritten } : await this.#look(name);
        const since = starting.has(name) && !started.has(name) ? await this.#starting.read(name) : undefined;
        const startingSince = since === undefined ? {} : { startingSince: Number(since) };
        return { name, ...file, started: started.has(name), ...startingSince };
      }),
    );
  }

  /**
   * Changes the files of these units; when `work` has ended well, systemd knows of it. Else, or if this process ends,
   * whatever of it was done, all of it is to be done again, or what `UnitFailures` names.
   */
  async change(names: readonly string[], work: () => Promise<void>): Promise<void> {
    await this.#changing.during(names, '', work);
  }

  /** Marks the unit as started when `queue` has ended well. If this process ends before, the mark says since when. */
  async start(name: string, queue: () => Promise<void>): Promise<void> {
    const now = process.hrtime.bigint() / 1000n;
    await this.#starting.during([name], `${now}`, async () => {
      await queue();
      await this.markStarted(name);
    });
  }

  async write({ name, contents, fenced = false }: NewUnit): Promise<void> {
    for (const folder of [this.#units, this.#systemdFolder]) await mkdir(folder, { recursive: true });
    await this.unmarkStarted(name);
    if (fenced) await this.#fence.add(name);
    else await this.#fence.remove(name);
    const file = this.pathOf(name);
    // The file says that the unit is here, so it comes last.
    await replaceFile(join(this.#systemdFolder, name), (draft) => symlink(file, draft));
    await replaceFile(file, (draft) => writeFile(draft, contents, { mode: 0o644 }));
  }

  async remove(name: string): Promise<void> {
    await this.unmarkStarted(name);
    await rm(this.pathOf(name), { force: true });
    await rm(join(this.#systemdFolder, name), { force: true });
    await this.#fence.remove(name);
    this.#read.delete(name);
  }

  async markStarted(name: string): Promise<void> {
    await this.#started.add(name);
    await this.#starting.remove(name);
  }

  async unmarkStarted(name: string): Promise<void> {
    await this.#starting.remove(name);
    await this.#started.remove(name);
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

  async #look(name: string): Promise<{ contents: string; hash: string }> {
    const path = this.pathOf(name);
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const sign = [ino, size, mtimeMs, ctimeMs].join(' ');
    const known = this.#read.get(name);
    if (known?.sign === sign) return { contents: known.contents, hash: known.hash };
    const bytes = await readFile(path);
    const file = { contents: bytes.toString(), hash: hashOf(bytes) };
    this.#read.set(name, { sign, ...file });
    return file;
  }
}
