import { messageOf } from '../../model/message-of.ts';
import { hasInstallSection, installNames } from '../../unit/install-section.ts';
import { parseUnit } from '../../unit/parse.ts';
import { isRefusal, type Manager } from './manager.ts';
import type { NewUnit } from './systemd.ts';
import type { UnitFiles } from './unit-files.ts';

/**
 * Enables units with an `[Install]` section until the machine reboots, as fleet did (`systemctl enable --runtime`).
 * systemd makes the links. They are taken away without it: its DisableUnitFiles takes away those of every unit in
 * `Also=` as well, though ours are there in their own right, and needs the file of the version that was enabled.
 */
export class Enabling {
  readonly #files: UnitFiles;

  constructor(files: UnitFiles) {
    this.#files = files;
  }

  /** Why some of these can't be put in place: an alias is a name on the machine. `changing` give theirs back first. */
  async refusals(names: readonly string[], changing: readonly string[]): Promise<Map<string, string>> {
    const owners = await this.#files.aliases();
    const refused = names.flatMap((name): [string, string][] => {
      const owner = owners.get(name);
      if (owner === undefined || changing.includes(owner)) return [];
      return [
        [name, `${owner} has the name ${name} on this machine by its Alias=; give one of them another`],
      ];
    });
    return new Map(refused);
  }

  /** Of the versions that are on the disk. Answers whether there was anything to undo. */
  async disable(manager: Manager, names: readonly string[]): Promise<boolean> {
    const removed = await this.#removeLinks(names);
    const others = await this.#alsoOf(names);
    for (const other of others) {
      await manager.disable(other).catch((error: unknown) => {
        // There is no such unit, so it was not enabled either.
        if (!isRefusal(error)) throw error;
      });
    }
    return removed > 0 || others.length > 0;
  }

  /** Answers whether any was enabled, and which systemd refused and why. */
  async enable(
    manager: Manager,
    units: readonly NewUnit[],
  ): Promise<{ enabled: boolean; refused: Map<string, string> }> {
    const refused = new Map<string, string>();
    const wanted = units.filter(({ contents }) => hasInstallSection(parseUnit(contents).options));
    for (const { name } of wanted) {
      try {
        await manager.enable(this.#files.pathOf(name));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.set(name, messageOf(error));
        // Of several links it may have made some.
        await this.#removeLinks([name]);
      }
    }
    return { enabled: wanted.length > refused.size, refused };
  }

  /** Answers how many. */
  async #removeLinks(names: readonly string[]): Promise<number> {
    const links = (await this.#files.links.list()).filter(({ unit }) => names.includes(unit));
    await this.#files.links.remove(links);
    return links.length;
  }

  /** Units of the machine that were enabled together with these. */
  async #alsoOf(names: readonly string[]): Promise<readonly string[]> {
    const ours = new Set([...(await this.#files.names()), ...names]);
    const also = names.map(async (name) => {
      const { options } = parseUnit((await this.#files.contentsOf(name)) ?? '');
      return installNames(name, options, 'Also');
    });
    return [...new Set((await Promise.all(also)).flat())].filter((name) => !ours.has(name));
  }
}
