import type { RolloutView } from '../model/api.ts';
import type { UnitFailure, Waiting } from './health.ts';
import { rolloutFailure, sayBadEnd } from './rollout.ts';

/** The first thing to do about the first of them. */
function nextStep([failed]: readonly UnitFailure[], [waiting]: readonly Waiting[]): string {
  if (failed) return `\n\`flotilla journal ${failed.unit}\` shows more`;
  if (waiting?.overtaken) return `\n\`flotilla cat ${waiting.unit}\` shows what the cluster has`;
  if (waiting) return `\n\`flotilla explain ${waiting.unit}\` says what is in its way`;
  return '';
}

/** Units did not become healthy; the message names each with its machine, the reason and its last journal lines, and ends with the next step. */
export class UnitsNotHealthy extends Error {
  override readonly name = 'UnitsNotHealthy';
  readonly failed: readonly UnitFailure[];
  readonly waiting: readonly Waiting[];
  /** More time might have helped: nothing failed, and nobody else has changed the units. */
  readonly late: boolean;

  constructor(message: string, failed: readonly UnitFailure[], waiting: readonly Waiting[]) {
    super(`${message}${nextStep(failed, waiting)}`);
    this.failed = failed;
    this.waiting = waiting;
    this.late = failed.length === 0 && !waiting.some(({ overtaken }) => overtaken);
  }
}

export function rolloutError(ended: readonly RolloutView[], waiting: readonly Waiting[]): UnitsNotHealthy {
  return new UnitsNotHealthy(ended.map(sayBadEnd).join('\n'), ended.map(rolloutFailure), waiting);
}

export function overtakenError(overtaken: readonly Waiting[]): UnitsNotHealthy {
  const lines = overtaken.map(({ unit, why }) => `\n  ${unit}: ${why}`);
  return new UnitsNotHealthy(
    `units were changed by somebody else meanwhile:${lines.join('')}`,
    [],
    overtaken,
  );
}
