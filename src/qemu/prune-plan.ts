import { compare } from '../model/compare.ts';
import { ageText, type Limits, sizeText } from './prune-limits.ts';
import type { CacheEntry } from './template-cache.ts';

/** What the plan needs to know of an entry. */
export type PruneEntry = Pick<CacheEntry, 'kind' | 'state' | 'key' | 'name' | 'bytes' | 'lastUse'>;

export interface Decision<Entry = PruneEntry> {
  readonly entry: Entry;
  /** Why it is to go. */
  readonly reason: string;
  /** Why it stays nevertheless. */
  readonly spared?: string;
}

/** Milliseconds after its last use in which a machine may still be on its way out of a template. */
export const startingTime = 120_000;

/**
 * What is to go, in the order in which it goes: leftovers, templates that were not used for too long, then the
 * least recently used ones until the rest fits, and at last the locks of templates that are no more. Images are
 * never in it.
 */
export function planPrune<Entry extends PruneEntry>(
  entries: readonly Entry[],
  limits: Limits,
  now: number,
): Decision<Entry>[] {
  const gone = [...leftovers(entries), ...unwanted(entries, limits, now)];
  return [...gone, ...idleLocks(entries, gone)];
}

function leftovers<Entry extends PruneEntry>(entries: readonly Entry[]): Decision<Entry>[] {
  const reasons = {
    'half-made': 'left by a run that was cut off',
    removed: 'left by a removal that was cut off',
  };
  return entries
    .filter(({ kind }) => kind === 'template')
    .sort(byName)
    .flatMap((entry) => (entry.state === 'complete' ? [] : [{ entry, reason: reasons[entry.state] }]));
}

function unwanted<Entry extends PruneEntry>(
  entries: readonly Entry[],
  limits: Limits,
  now: number,
): Decision<Entry>[] {
  const templates = entries.filter(isTemplateEntry).sort((a, b) => a.lastUse - b.lastUse || byName(a, b));
  let rest = templates.reduce((sum, { bytes }) => sum + bytes, 0);
  return templates.flatMap((entry) => {
    const reason = reasonAgainst(entry, rest, limits, now);
    if (reason === undefined) return [];
    rest -= entry.bytes;
    return [{ entry, reason, ...mercy(entry, now) }];
  });
}

function reasonAgainst(entry: PruneEntry, rest: number, limits: Limits, now: number): string | undefined {
  const age = now - entry.lastUse;
  if (limits.all) return 'all templates are to go';
  if (age > limits.olderThan) return `not used for ${ageText(age)}`;
  if (rest > limits.keepSize) return `the cache is larger than ${sizeText(limits.keepSize)}`;
  return undefined;
}

/** Those used just now are the last in the order, so sparing them makes none of the others go. */
function mercy(entry: PruneEntry, now: number): { spared?: string } {
  const age = now - entry.lastUse;
  if (age >= startingTime) return {};
  return { spared: `used ${ageText(age)} ago, so a machine may be starting from it` };
}

function idleLocks<Entry extends PruneEntry>(
  entries: readonly Entry[],
  decisions: readonly Decision<Entry>[],
): Decision<Entry>[] {
  const going = new Set(decisions.filter(({ spared }) => spared === undefined).map(({ entry }) => entry));
  const staying = new Set(
    entries.filter((entry) => isTemplateEntry(entry) && !going.has(entry)).map(({ key }) => key),
  );
  return entries
    .filter(({ kind, key }) => kind === 'lock' && !staying.has(key))
    .sort(byName)
    .map((entry) => ({ entry, reason: 'there is no template of that name' }));
}

/** A whole one, which machines may start from. */
export function isTemplateEntry({ kind, state }: PruneEntry): boolean {
  return kind === 'template' && state === 'complete';
}

function byName(a: PruneEntry, b: PruneEntry): number {
  return compare(a.name, b.name);
}
