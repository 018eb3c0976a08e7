import type { ZodType } from 'zod';
import { compare } from '../model/compare.ts';
import { parseJson } from '../model/parse-json.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { type Files, readDocument } from './files.ts';

const again = 'make it anew: it is damaged, or cut off';

/** What is wrong with one source of images: collected, and told all at once. */
export class Problems {
  readonly #files: Files;
  readonly #found: Problem[] = [];

  constructor(files: Files) {
    this.#files = files;
  }

  add(path: string, problem: string, fix = again): undefined {
    this.#found.push({ path: `${this.#files.where}: ${path}`, problem, fix });
  }

  get count(): number {
    return this.#found.length;
  }

  /** A document of the source, parsed; undefined, and noted, when it is not that. */
  async read<T>(path: string, schema: ZodType<T>): Promise<T | undefined> {
    const bytes = await readDocument(this.#files, path);
    if (bytes === undefined) return this.add(path, 'there is no such file, or it is too large to be one');
    const result = schema.safeParse(parseJson(bytes.toString('utf8')));
    if (result.success) return result.data;
    for (const { path: key, message } of result.error.issues)
      this.add(path, `${key.join('.') || 'the document'}: ${message}`);
    return undefined;
  }

  throwIfAny(): void {
    // Blobs are read at the same time: the report is in the same order every time all the same.
    const found = this.#found.toSorted((a, b) => compare(a.path, b.path));
    if (found.length > 0) throw new InvalidInput(`${this.#files.where} can't be used:`, found);
  }
}
