import { fleetHashOf } from '../../../unit/hash.ts';
import { parseUnit, type UnitOption } from '../../../unit/parse.ts';
import { bySection, serialiseOptions } from '../../../unit/serialise.ts';
import { trimSpace } from '../../../unit/space.ts';
import { ApiError } from '../api-error.ts';

/** A unit file as the options it holds, and the hash fleet would show for it. */
export interface FleetFile {
  readonly options: readonly UnitOption[];
  readonly hash: string;
}

/** Reads unit files, each only once: a thousand instances of a template share one. */
export class FleetFiles {
  readonly #files: ReadonlyMap<string, string>;
  readonly #read = new Map<string, FleetFile>();

  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files;
  }

  /** Undefined when the store has no file of this hash (any more). */
  of(hash: string): FleetFile | undefined {
    const known = this.#read.get(hash);
    const contents = this.#files.get(hash);
    if (known !== undefined || contents === undefined) return known;
    const file = readFleetFile(contents);
    this.#read.set(hash, file);
    return file;
  }
}

export function readFleetFile(contents: string): FleetFile {
  const options = parseUnit(contents).options.map(({ section, name, value }) => ({ section, name, value }));
  return { options, hash: fleetHashOf(options) };
}

/**
 * The unit file that options stand for, without blanks around their names and values. What is read back from it must be
 * the same options: a line end inside of a value would make others of its own or cut it off, a backslash at its end
 * swallow the next option, a "]" in a section's name end that.
 * @throws {ApiError} 400
 */
export function writeFleetFile(options: readonly UnitOption[]): string {
  const given = [...bySection(options).values()].flat();
  const { options: trimmed } = readFleetFile(serialiseOptions(given));
  const contents = serialiseOptions(trimmed);
  const { options: again } = readFleetFile(contents);
  const wrong = given.find((one, at) => !isSame(one, trimmed[at]) || !isSame(one, again[at]));
  if (wrong === undefined) return contents;
  const option = `option ${JSON.stringify(wrong.name)} of section ${JSON.stringify(wrong.section)}`;
  const fix = 'give names and values without a line end, and no backslash at the end';
  throw new ApiError(400, `${option} would be read as another from a unit file; ${fix}`);
}

function isSame(one: UnitOption, other: UnitOption | undefined): boolean {
  if (other === undefined || one.section !== other.section) return false;
  return (['name', 'value'] as const).every((part) => trimSpace(one[part]) === trimSpace(other[part]));
}
