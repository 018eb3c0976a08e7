import type { RolloutView, UnitView } from '../model/api.ts';
import { isMoving } from '../model/rollout.ts';
import {
  type CrashHistory,
  crashLoops,
  type Evaluation,
  evaluate,
  observeCrashes,
  type Waiting,
  type Wanted,
} from './health.ts';
import { failureText, progressText } from './progress.ts';
import { badEnds, belongsTo, sayBadEnd, sayProgress } from './rollout.ts';
import { overtakenError, rolloutError, UnitsNotHealthy } from './units-not-healthy.ts';

/**
 * Seconds for which a verdict must hold. A unit that dies right after its start would pass for healthy; one whose
 * new file is there but whose restart is not would pass for failed.
 */
export interface Settle {
  readonly running: number;
  /** A unit that has finished looks like one that has not been started yet, so that gets more time to show. */
  readonly finished: number;
}

/** The units, and what the machines are called that have them. */
export interface Reading {
  readonly views: readonly UnitView[];
  readonly machineName: (id: string) => string;
  /** Those of the wanted units, read after the views. */
  readonly rollouts: readonly RolloutView[];
}

type Outcome =
  | { readonly state: 'healthy'; readonly reading: Reading }
  | { readonly state: 'failed'; readonly error: UnitsNotHealthy }
  | Waits;

interface Waits {
  readonly state: 'waiting';
  readonly text: string;
  /** A rollout went on since the last look. */
  readonly step: boolean;
  /** More units are as wanted than at any time before. */
  readonly gained: boolean;
  /** All are healthy now, and only have to stay so for a moment. */
  readonly settling: boolean;
}

const nothingSeen: Evaluation = { done: false, failed: [], waiting: [] };

/** Remembers what one look at the cluster can't tell: crash loops and how long a verdict has held. */
export class Follower {
  readonly #wanted: Wanted;
  readonly #settle: Settle;
  #crashes: CrashHistory = new Map();
  #evaluation = nothingSeen;
  #trouble: string | undefined;
  #verdict = { key: '', since: 0 };
  #steps = '';
  #fewestMissing: number;

  constructor(wanted: Wanted, settle: Settle) {
    this.#wanted = wanted;
    this.#settle = settle;
    this.#fewestMissing = wanted.units.length + wanted.gone.length;
  }

  /** `slowness`: how many times as long as usual a verdict must hold. */
  observe(reading: Reading | string, at: number, slowness: number): Outcome {
    if (typeof reading === 'string') {
      this.#trouble = reading;
      this.#hold('', at);
      return { state: 'waiting', text: reading, step: false, gained: false, settling: false };
    }
    this.#trouble = undefined;
    this.#evaluation = this.#evaluate(reading);
    const { done, failed, waiting } = this.#evaluation;
    const ended = done ? [] : badEnds(this.#wanted, reading.rollouts, reading.views);
    const overtaken = waiting.filter(
      (each) => each.overtaken && !belongsTo(each.unit, reading.rollouts.filter(isMoving)),
    );
    const held = this.#hold(verdictKey(this.#evaluation, ended, overtaken), at);
    const settled = held >= this.#settleTime(reading.views) * slowness;
    if (done && settled) return { state: 'healthy', reading };
    if (ended.length > 0 && settled) return { state: 'failed', error: rolloutError(ended, waiting) };
    if (overtaken.length > 0 && settled) return { state: 'failed', error: overtakenError(overtaken) };
    if (failed.length > 0 && settled) {
      return { state: 'failed', error: new UnitsNotHealthy(failureText(failed), failed, waiting) };
    }
    const [step, gained] = [this.#stepped(reading), this.#gained(waiting, failed)];
    return { state: 'waiting', text: this.#text(reading), step, gained, settling: done };
  }

  tooLate(waited: number): UnitsNotHealthy {
    const { failed, waiting } = this.#evaluation;
    const lines = waiting.map(({ unit, why }) => `\n  ${unit}: ${why}`);
    if (failed.length > 0) lines.push(`\n${failureText(failed)}`);
    if (this.#trouble !== undefined) lines.push(`\n  the last question got no answer: ${this.#trouble}`);
    const message = `units are not healthy after ${waited} s:${lines.join('')}`;
    return new UnitsNotHealthy(message, failed, waiting);
  }

  #evaluate({ views, machineName, rollouts }: Reading): Evaluation {
    this.#crashes = observeCrashes(this.#crashes, views);
    const now = evaluate(views, this.#wanted, machineName);
    const moving = rollouts.filter(isMoving);
    const failed = [...now.failed, ...crashLoops(this.#crashes, views, this.#wanted, machineName)].filter(
      ({ unit }) => !belongsTo(unit, moving),
    );
    const waiting = [...now.waiting, ...moving.map((each) => ({ unit: each.name, why: sayProgress(each) }))];
    return { done: now.done && failed.length + moving.length === 0, failed, waiting };
  }

  #text({ rollouts }: Reading): string {
    const moving = rollouts.filter(isMoving);
    const others = ({ unit }: { readonly unit: string }) => !belongsTo(unit, moving);
    const { done, failed, waiting } = this.#evaluation;
    const rest = { done, failed, waiting: waiting.filter(others) };
    const lines = moving.map(sayProgress);
    if (lines.length === 0 || rest.failed.length + rest.waiting.length > 0)
      lines.push(progressText(rest, this.#wanted));
    return lines.join('; ');
  }

  #stepped({ rollouts }: Reading): boolean {
    const steps = rollouts
      .filter(isMoving)
      .map(({ name, state, updated, reason }) => `${name} ${state} ${updated} ${reason}`)
      .join();
    const stepped = steps !== '' && steps !== this.#steps;
    this.#steps = steps;
    return stepped;
  }

  #gained(...missing: readonly (readonly { readonly unit: string }[])[]): boolean {
    const { size } = new Set(missing.flat().map(({ unit }) => unit));
    const gained = size < this.#fewestMissing;
    this.#fewestMissing = Math.min(size, this.#fewestMissing);
    return gained;
  }

  /** Seconds since the verdict is this one. */
  #hold(key: string, at: number): number {
    if (key !== this.#verdict.key) this.#verdict = { key, since: at };
    return at - this.#verdict.since;
  }

  #settleTime(views: readonly UnitView[]): number {
    const finishing = new Set(
      this.#wanted.units
        .filter((unit) => unit.finishes && unit.targetState === 'launched')
        .map((unit) => unit.name),
    );
    const states = views.filter((view) => finishing.has(view.name)).flatMap((view) => view.states);
    const finished = states.some((state) => state.active === 'inactive');
    return finished ? this.#settle.finished : this.#settle.running;
  }
}

function verdictKey(
  { done, failed }: Evaluation,
  ended: readonly RolloutView[],
  overtaken: readonly Waiting[],
): string {
  if (done) return 'healthy';
  if (ended.length > 0) return ended.map(sayBadEnd).join();
  if (overtaken.length > 0) return overtaken.map(({ unit, why }) => `${unit}: ${why}`).join();
  return failed.map(({ unit, machine }) => `${unit} on ${machine}`).join(', ');
}
