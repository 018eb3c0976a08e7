import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What marks the modules of one run: `file:///…/src/plan/plan.ts?run=7`. */
const mark = /\?run=\d+$/;

/** Text of our own sources without their types: read and stripped once, and compiled for each run. */
const stripped = new Map<string, string>();

/**
 * Modules of the clone that a marked module imports are marked likewise, so each run has its own. Those of packages
 * are there once.
 */
export class Modules {
  readonly #own: string;
  readonly #globals = new URL('./globals.ts', import.meta.url).href;

  constructor(rootDir: string) {
    this.#own = `${pathToFileURL(rootDir).href}/`;
    registerHooks({
      resolve: (specifier, context, next) => {
        const [run] = mark.exec(context.parentURL ?? '') ?? [];
        if (run === undefined) return next(specifier, context);
        if (specifier === '@jest/globals') return { url: this.#globals + run, shortCircuit: true };
        const found = next(specifier, context);
        return this.#isOwn(found.url) ? { ...found, url: found.url + run } : found;
      },
      load: (url, context, next) => {
        if (!mark.test(url) || !url.replace(mark, '').endsWith('.ts')) return next(url, context);
        return { format: 'module', source: textOf(url), shortCircuit: true };
      },
    });
  }

  /** Runs a file, with all that it imports of the clone, for the first time in this run. */
  async import(path: string, run: number): Promise<unknown> {
    return import(`${pathToFileURL(path).href}?run=${run}`);
  }

  #isOwn(url: string): boolean {
    return url.startsWith(this.#own) && !url.includes('/node_modules/') && !url.includes('?');
  }
}

function textOf(url: string): string {
  const path = fileURLToPath(url);
  const known = stripped.get(path);
  if (known !== undefined) return known;
  const text = stripTypeScriptTypes(readFileSync(path, 'utf8'));
  stripped.set(path, text);
  return text;
}
