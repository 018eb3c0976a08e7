import type { Problem } from '../model/problem.ts';
import type { Probes } from './probes.ts';

/** How bad a finding is. Only a problem keeps something from working. */
export type Level = 'ok' | 'warning' | 'problem';

/** One thing that was found. */
export interface Finding {
  readonly level: Level;
  /** One line: what is so, with the values that were found. */
  readonly finding: string;
  /** What to run or to write; default: the check's own. What is ok needs none. */
  readonly fix?: string;
}

/**
 * Something that a cluster needs, and how to see whether it is there. A list of them is a plan: nothing has been looked
 * at until `examine` does.
 */
export interface Check {
  /** Its name: `kvm`, `port 8080`. No other of the plan has it. */
  readonly what: string;
  /** What it is needed for. */
  readonly why: string;
  /** What to run when it can't be seen, or when a finding has no better advice. */
  readonly fix: string;
  /** Seconds until it must have been seen; default 5. */
  readonly deadline?: number;
  /** Changes nothing. Whatever it throws is a problem too; of `InvalidInput`, each of its own. */
  look(probes: Probes, signal: AbortSignal): Promise<Finding | readonly Finding[]>;
}

export function ok(finding: string): Finding {
  return { level: 'ok', finding };
}

export function warning(finding: string, fix?: string): Finding {
  return { level: 'warning', finding, ...(fix === undefined ? {} : { fix }) };
}

export function problem(finding: string, fix?: string): Finding {
  return { level: 'problem', finding, ...(fix === undefined ? {} : { fix }) };
}

/** As preflight words it, with the place where it stands. */
export function found({ path, problem: what, fix }: Problem): Finding {
  return problem(`${path}: ${what}`, fix);
}

/** Everything in the way, or else `good`. */
export function foundOr(good: string, problems: readonly Problem[]): readonly Finding[] {
  return problems.length > 0 ? problems.map(found) : [ok(good)];
}

/** Several checks of a plan go by the same look, which is taken once. */
export function once<T>(
  look: (probes: Probes, signal: AbortSignal) => Promise<T>,
): (probes: Probes, signal: AbortSignal) => Promise<T> {
  let taken: Promise<T> | undefined;
  return (probes, signal) => {
    taken ??= look(probes, signal);
    return taken;
  };
}
