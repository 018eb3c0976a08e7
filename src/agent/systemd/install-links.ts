import { readlink, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readFolder } from './read-folder.ts';

/** What systemd made of an `[Install]` section: another name of the unit, or a place among what some unit wants. */
export interface InstallLink {
  readonly path: string;
  /** The unit that it leads to. */
  readonly unit: string;
  /** Absent for a place among what some unit wants. */
  readonly alias?: string;
}

/** Folders of what a unit wants, requires or upholds. */
const dependencies = /\.(wants|requires|upholds)$/;

/** The links in systemd's folder that enable units. They are the record of what is enabled, whoever was killed when. */
export class InstallLinks {
  readonly #units: string;
  readonly #systemdFolder: string;

  /** Units are those with a file in `units`, and a link to it in systemd's folder that makes it known. */
  constructor(units: string, systemdFolder: string) {
    this.#units = units;
    this.#systemdFolder = systemdFolder;
  }

  async list(): Promise<InstallLink[]> {
    const units = new Set(await readFolder(this.#units));
    const names = (await readFolder(this.#systemdFolder)).filter((name) => !name.startsWith('.'));
    const folders = names.filter((name) => dependencies.test(name));
    const links = await Promise.all([
      // A unit's own link is none, and there are as many as units.
      ...names.filter((name) => !units.has(name)).map((name) => this.#aliasAt(name)),
      ...folders.map((folder) => this.#dependenciesIn(join(this.#systemdFolder, folder))),
    ]);
    return links.flat();
  }

  async remove(links: readonly InstallLink[]): Promise<void> {
    for (const { path, alias } of links) {
      await rm(path, { force: true });
      // Of others' links it stays.
      if (alias === undefined) await rmdir(dirname(path)).catch(() => undefined);
    }
  }

  async #aliasAt(alias: string): Promise<InstallLink[]> {
    const path = join(this.#systemdFolder, alias);
    const unit = await this.#unitAt(path);
    return unit === undefined || unit === alias ? [] : [{ path, unit, alias }];
  }

  async #dependenciesIn(folder: string): Promise<InstallLink[]> {
    const paths = (await readFolder(folder)).map((name) => join(folder, name));
    const links = paths.map(async (path) => ({ path, unit: await this.#unitAt(path) }));
    return (await Promise.all(links)).flatMap(({ path, unit }) =>
      unit === undefined ? [] : [{ path, unit }],
    );
  }

  /** Links lead to the unit's file, or from systemd 253 on to what makes it known. */
  async #unitAt(path: string): Promise<string | undefined> {
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined) return undefined;
    const file = resolve(dirname(path), target);
    return [this.#units, this.#systemdFolder].includes(dirname(file)) ? basename(file) : undefined;
  }
}
