import { messageOf } from '../model/message-of.ts';
import type { Log } from './log.ts';
import { defaultLimits, type Limits, sizeText } from './prune-limits.ts';
import { type Decision, planPrune } from './prune-plan.ts';
import { type RemovalOptions, remove } from './prune-removal.ts';
import { type CacheEntry, listTemplates } from './template-cache.ts';

/** What became of a decision. */
export interface PruneOutcome extends Decision<CacheEntry> {
  /** What went wrong; it stays, whole or under a name that the next prune takes up. */
  readonly error?: Error;
}

export interface PruneOptions extends RemovalOptions {
  /** Default: the present */
  readonly now?: number;
}

/** Removes what the limits don't allow to stay, one after another. Machines that run keep what they have of it. */
export async function* prune(
  cache: string,
  limits: Limits,
  options: PruneOptions,
): AsyncGenerator<PruneOutcome, void> {
  for (const decision of planPrune(await listTemplates(cache), limits, options.now ?? Date.now()))
    yield await carryOut(decision, options);
}

/**
 * Keeps the cache small after a template was made, which itself stays. Lock files stay too: this is when others
 * are likely to be waiting for them. Never fails: whoever starts a machine has other worries.
 */
export async function pruneTemplates(
  cache: string,
  made: string,
  log: Log,
  limits: Limits = defaultLimits,
): Promise<void> {
  try {
    const plan = planPrune(await listTemplates(cache), limits, Date.now());
    for (const decision of plan.filter(({ entry }) => entry.kind !== 'lock' && entry.key !== made)) {
      const { entry, reason, spared, error } = await carryOut(decision, { log });
      if (error) log(error.message);
      else if (spared === undefined)
        log(`template ${entry.name} (${sizeText(entry.bytes)}) removed: ${reason}`);
    }
  } catch (error) {
    log(`old templates can't be removed from ${cache}: ${messageOf(error)}; try \`flotilla cache prune\``);
  }
}

async function carryOut(decision: Decision<CacheEntry>, options: PruneOptions): Promise<PruneOutcome> {
  if (decision.spared !== undefined) return decision;
  const { entry } = decision;
  try {
    const spared = await remove(entry, options);
    return { ...decision, ...(spared !== undefined && { spared }) };
  } catch (cause) {
    const text = `${entry.kind} ${entry.name} can't be removed: ${messageOf(cause)}; see to ${entry.path} and try again`;
    return { ...decision, error: new Error(text, { cause }) };
  }
}
