import { hasInstallSection, installNames } from '../../unit/install-section.ts';
import { parseUnit } from '../../unit/parse.ts';

interface Section {
  readonly aliases: readonly string[];
  /** Units that start this one when they are started. */
  readonly wantedBy: readonly string[];
}

/** What the fake systemd has enabled. */
export class FakeEnabling {
  readonly #sections = new Map<string, Section>();

  disable(names: readonly string[]): void {
    for (const name of names) this.#sections.delete(name);
  }

  /**
   * Answers why it does not.
   * @param names of units that are there
   */
  enable(unit: string, contents: string, names: ReadonlySet<string>): string | undefined {
    const { options } = parseUnit(contents);
    if (!hasInstallSection(options)) return undefined;
    const of = (option: string) => installNames(unit, options, option);
    const [aliases, wantedBy] = [of('Alias'), [...of('WantedBy'), ...of('RequiredBy')]];
    const wrong = wantedBy.find((name) => !name.includes('.'));
    if (wrong !== undefined) return `"${wrong}" is not a valid unit name.`;
    const isTaken = (name: string) => name !== unit && (names.has(name) || this.ownerOf(name) !== undefined);
    const taken = aliases.find(isTaken);
    if (taken !== undefined) return `File '/run/systemd/system/${taken}' already exists.`;
    this.#sections.set(unit, { aliases, wantedBy });
    return undefined;
  }

  /** Whose alias the name is. */
  ownerOf(name: string): string | undefined {
    return [...this.#sections].find(([, { aliases }]) => aliases.includes(name))?.[0];
  }

  wantedBy(unit: string): string[] {
    return [...this.#sections].flatMap(([name, { wantedBy }]) => (wantedBy.includes(unit) ? name : []));
  }

  clear(): void {
    this.#sections.clear();
  }
}
