import { basename } from 'node:path';
import { maxInstances } from '../unit/expand.ts';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { hasUnitType, withServiceType } from '../unit/name.ts';
import { CommandFailed, wrongUsage } from './failure.ts';

/**
 * `hello@{1..3}` and `{a,b}.service` as bash expands them (bash(1), "Brace Expansion"), for words that reached us
 * in quotes: alternatives, ranges of numbers with leading zeros kept, and both inside each other. Any other brace
 * stays as it is. No word comes twice.
 */
export function expandBraces(word: string): readonly string[] {
  const words: string[] = [];
  for (const each of expand(word)) {
    if (words.push(each) > maxInstances) {
      throw new CommandFailed(`${word} stands for too many units; name ${maxInstances} at most`, wrongUsage);
    }
  }
  return [...new Set(words)];
}

/** The innermost braces go first, which leaves none inside another. One by one: all of them may be millions. */
function* expand(word: string): Generator<string> {
  for (const group of word.matchAll(/\{([^{}]*)\}/g)) {
    const parts = alternatives(group[1] ?? '');
    if (parts === undefined) continue;
    const before = word.slice(0, group.index);
    const after = word.slice(group.index + group[0].length);
    for (const part of parts) yield* expand(before + part + after);
    return;
  }
  yield word;
}

function alternatives(text: string): readonly string[] | undefined {
  const [, from, to] = /^(-?\d{1,9})\.\.(-?\d{1,9})$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return range(from, to);
  return text.includes(',') ? text.split(',') : undefined;
}

function range(from: string, to: string): readonly string[] {
  const [first, last] = [Number(from), Number(to)];
  const count = Math.abs(last - first) + 1;
  if (count > maxInstances) {
    throw new CommandFailed(
      `{${from}..${to}} stands for ${count} units; name ${maxInstances} at most`,
      wrongUsage,
    );
  }
  const padded = [from, to].some((end) => /^-?0\d/.test(end));
  const width = padded ? Math.max(from.length, to.length) : 0;
  const step = first <= last ? 1 : -1;
  return Array.from({ length: count }, (_, index) => pad(first + index * step, width));
}

function pad(number: number, width: number): string {
  const sign = number < 0 ? '-' : '';
  return sign + String(Math.abs(number)).padStart(width - sign.length, '0');
}

/** The unit that a word means which may be the path of its file; as for systemctl, one without a type is a service. */
export function unitName(word: string): string {
  const name = basename(word);
  return hasUnitType(name) ? name : withServiceType(name);
}

/** Whether the word is a glob rather than a name. */
export function isGlob(word: string): boolean {
  return /[*?[]/.test(word);
}

/** Whether the glob means the unit; like a name, one without a type means services. */
export function globMatcher(glob: string): (name: string) => boolean {
  const globs = [compileGlob(glob), compileGlob(withServiceType(glob))];
  return (name) => globs.some((each) => matchesGlob(each, name));
}
