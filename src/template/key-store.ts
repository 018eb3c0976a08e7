import { compare } from '../model/compare.ts';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { cost, type Effort } from './effort.ts';
import { base, clean, dir } from './path.ts';
import { Complaint } from './template-error.ts';
import { pair, type Struct } from './value.ts';

/** What a resource lets its template see of the keys. */
export interface View {
  /** Only keys that start with one of these are seen. As in etcd these are beginnings of text: `/a` is one of `/ab`. */
  readonly keys: readonly string[];
  /** Comes before each of `keys`, and is taken off the keys that the template sees. */
  readonly prefix: string;
}

/** Everything, under its own name. */
export const wholeView: View = { keys: ['/'], prefix: '/' };

/** Where to look in the store for what a view shows. */
export function rangesOf({ keys, prefix }: View): string[] {
  return keys.map((key) => clean(`${prefix}/${key}`));
}

/** Keys and their values, as they were at one moment. Named and ordered as templates see them. */
export class KeyStore {
  readonly #keys: readonly string[];
  readonly #values: ReadonlyMap<string, string>;

  /** @param stored full keys of the store, of which `view` shows some */
  constructor(stored: Iterable<readonly [string, string]>, view: View = wholeView) {
    const ranges = rangesOf(view);
    const seen = [...stored].filter(([key]) => ranges.some((range) => key.startsWith(range)));
    const named = seen.map(([key, value]) => [withoutPrefix(key, view.prefix), value] as const);
    this.#values = new Map(named.sort(([a], [b]) => compare(a, b)));
    this.#keys = [...this.#values.keys()];
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /**
   * What matches a glob of Go's path.Match: a `*` never goes past a slash.
   *
   * @throws Complaint for a malformed glob
   */
  matching(pattern: string, effort: Effort): Struct[] {
    const glob = compileGlob(pattern);
    if (glob.chunks === undefined) {
      throw new Complaint(`${pattern} is a malformed pattern`, 'close its [, and write no \\ at its end');
    }
    return this.#under(glob.prefix, effort)
      .filter((key) => matchesGlob(glob, key))
      .map((key) => pair(key, this.#values.get(key) ?? ''));
  }

  /** Names right below a path; of a key itself its own name. As in confd, `/` has only what is no directory. */
  list(path: string, effort: Effort): string[] {
    const terms = termsOf(path);
    const names = this.#under(clean(path), effort).flatMap((key) => {
      if (key === path) return [base(key)];
      return startsWith(termsOf(dir(key)), terms) ? [stripped(key, path).split('/')[0] ?? ''] : [];
    });
    return distinct(names);
  }

  /** Names right below a path that have something below them again. */
  directories(path: string, effort: Effort): string[] {
    const terms = termsOf(path);
    const names = this.#under(path, effort).flatMap((key) => {
      const parents = termsOf(dir(key));
      return startsWith(parents, terms) ? parents.slice(terms.length, terms.length + 1) : [];
    });
    return distinct(names);
  }

  /** Keys that start with a text: they stand together, since keys are sorted. */
  #under(prefix: string, effort: Effort): readonly string[] {
    const start = this.#firstFrom(prefix);
    let end = start;
    while (this.#keys[end]?.startsWith(prefix)) end += 1;
    effort.spend(cost.item * (end - start));
    return this.#keys.slice(start, end);
  }

  #firstFrom(key: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function withoutPrefix(key: string, prefix: string): string {
  return clean(`/${key.startsWith(prefix) ? key.slice(prefix.length) : key}`);
}

function stripped(key: string, prefix: string): string {
  const rest = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return rest.startsWith('/') ? rest.slice(1) : rest;
}

function termsOf(path: string): string[] {
  return clean(path).split('/');
}

function startsWith(terms: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((term, at) => terms[at] === term);
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort(compare);
}
