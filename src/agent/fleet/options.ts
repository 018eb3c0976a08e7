import { fleetHashOf } from '../../unit/hash.ts';
import { parseUnit, type UnitOption } from '../../unit/parse.ts';
import { serialiseOptions } from '../../unit/serialise.ts';
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
 * The unit file that options stand for, without blanks around their values. What is read back from it must be as many
 * options: a line end inside of a value would make others of its own, and a backslash at its end swallow the next.
 * @throws {ApiError} 400
 */
export function writeFleetFile(options: readonly UnitOption[]): string {
  const { options: trimmed } = readFleetFile(serialiseOptions(options));
  const contents = serialiseOptions(trimmed);
  const counts = [trimmed.length, readFleetFile(contents).options.length];
  const wrong = counts.find((count) => count !== options.length);
  if (wrong === undefined) return contents;
  const cause = 'one of them contains a line end or ends in a backslash';
  throw new ApiError(400, `${options.length} options make a unit file with ${wrong}: ${cause}`);
}
