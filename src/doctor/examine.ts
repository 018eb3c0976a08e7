import { messageWithCauses } from '../model/message-of.ts';
import { InvalidInput } from '../model/problem.ts';
import { remind } from '../model/remind.ts';
import { abortable } from '../push/http.ts';
import { SilentMachine } from '../ssh/errors.ts';
import { type Check, type Finding, found, problem } from './check.ts';
import type { Probes } from './probes.ts';

/** A finding, and the check that it is of. */
export interface Report extends Finding {
  readonly what: string;
  readonly why: string;
}

export interface ExamineOptions {
  /** Gets a line every 10 s that names what is waited for. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Seconds for what this computer knows of itself. */
const usualDeadline = 5;

/** Looks at everything at once. The reports stand in the checks' order, however long each took. Rejects only when `signal` fires. */
export async function examine(
  checks: readonly Check[],
  probes: Probes,
  { log, signal }: ExamineOptions,
): Promise<readonly Report[]> {
  const pending = new Set(checks);
  const stopReminding = remind(log, () => [...pending].map(({ what }) => what).join(', '));
  try {
    const reports = await Promise.all(
      checks.map(async (check) => {
        const findings = await lookInTime(check, probes, signal);
        pending.delete(check);
        return findings.map((finding) => report(check, finding));
      }),
    );
    return reports.flat();
  } finally {
    stopReminding();
  }
}

async function lookInTime(check: Check, probes: Probes, signal: AbortSignal): Promise<readonly Finding[]> {
  const seconds = check.deadline ?? usualDeadline;
  const late = AbortSignal.timeout(seconds * 1000);
  const stop = AbortSignal.any([signal, late]);
  try {
    return [await abortable(check.look(probes, stop), stop)].flat();
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) return [problem(`no answer within ${seconds} s`)];
    if (error instanceof SilentMachine) return [problem(error.said, error.next)];
    return error instanceof InvalidInput ? error.problems.map(found) : [problem(messageWithCauses(error))];
  }
}

function report({ what, why, fix }: Check, finding: Finding): Report {
  const advice = finding.level === 'ok' ? {} : { fix: oneLine(finding.fix ?? fix) };
  return { what, why, level: finding.level, finding: oneLine(finding.finding), ...advice };
}

/** What programs say has lines of its own. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}
