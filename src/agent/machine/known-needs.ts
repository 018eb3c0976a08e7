import { readNeeds, type UnitNeeds } from '../../unit/needs.ts';
import { parseUnit } from '../../unit/parse.ts';

/** What is asked in the units' files, each read once for as long as it stays as it is. */
export class KnownNeeds {
  readonly #known = new Map<string, { readonly contents: string; readonly needs: UnitNeeds }>();

  of(unit: string, contents: string): UnitNeeds {
    const known = this.#known.get(unit);
    if (known?.contents === contents) return known.needs;
    const needs = readNeeds(unit, parseUnit(contents).options);
    this.#known.set(unit, { contents, needs });
    return needs;
  }

  /** Forgets all others. */
  keep(units: ReadonlySet<string>): void {
    for (const unit of this.#known.keys()) if (!units.has(unit)) this.#known.delete(unit);
  }
}
