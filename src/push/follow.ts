import type { MachinesReply, RolloutsReply, RolloutView, UnitsReply, UnitView } from '../model/api.ts';
import { isMoving } from '../model/rollout.ts';
import { machineNames } from './diff.ts';
import { isOutage } from './errors.ts';
import {
  type CrashHistory,
  crashLoops,
  type Evaluation,
  evaluate,
  observeCrashes,
  type UnitFailure,
  type Waiting,
  type Wanted,
} from './health.ts';
import { type PollClock, systemClock } from './poll-clock.ts';
import { failureText, Progress, progressText } from './progress.ts';
import { badEnds, belongsTo, concerning, rolloutFailure, sayBadEnd, sayProgress } from './rollout.ts';

/** What following needs of the `AgentApi`. */
export interface UnitsSource {
  units(): Promise<UnitsReply>;
  machines(): Promise<MachinesReply>;
  rollouts(): Promise<RolloutsReply>;
}

/**
 * Seconds for which a verdict must hold. A unit that dies right after its start would pass for healthy; one whose
 * new file is there but whose restart is not would pass for failed.
 */
export interface Settle {
  readonly running: number;
  /** A unit that has finished looks like one that has not been started yet, so that gets more time to show. */
  readonly finished: number;
}

/** With looks a second apart, two and five: a little less, or one that is answered quicker would come too early. */
const defaultSettle: Settle = { running: 1.8, finished: 4.8 };

/** For units that nothing was done to: what they are now is no news. */
export const alreadySettled: Settle = { running: 0, finished: 0 };

export interface FollowOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /**
   * Seconds until the units that are not healthy by then are reported as an error; default 120. A rollout has as
   * long for each of its steps, and its units' `RolloutDeadline=` on top.
   */
  readonly deadline?: number;
  readonly settle?: Settle;
  readonly clock?: PollClock;
}

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

/**
 * Seconds from one question to the next: quick where the answer is, and slow enough not to take a busy machine's
 * processor away from the units that are waited for.
 */
function paceAfter(answerTook: number): number {
  return Math.min(Math.max(0.5, 3 * answerTook), 2);
}

/** Returns the units as they are once all are healthy and stay so. Throws `UnitsNotHealthy`. */
export async function followUnits(
  source: UnitsSource,
  wanted: Wanted,
  options: FollowOptions,
): Promise<Reading> {
  const { log, signal, deadline = 120, settle = defaultSettle, clock = systemClock } = options;
  const seconds = () => clock.now() / 1000;
  const began = seconds();
  let end = began + deadline;
  const follower = new Follower(wanted, settle);
  const progress = new Progress(log);
  const read = readerOf(source, wanted);
  const patience = Math.max(...wanted.units.map(({ rolloutDeadline }) => rolloutDeadline));
  for (;;) {
    const asked = seconds();
    const reading = await read();
    const next = asked + paceAfter(seconds() - asked);
    signal?.throwIfAborted();
    const outcome = follower.observe(reading, seconds());
    if (outcome.state === 'healthy') return outcome.reading;
    if (outcome.state === 'failed') throw outcome.error;
    if (outcome.step) end = Math.max(end, seconds() + deadline + patience);
    if (seconds() >= end) throw follower.tooLate(Math.round(seconds() - began));
    progress.report(outcome.text, seconds());
    await clock.sleep(Math.max(0, next - seconds()) * 1000, signal);
  }
}

/** The units, and what the machines are called that have them. */
export interface Reading {
  readonly views: readonly UnitView[];
  readonly machineName: (id: string) => string;
  /** Those of the wanted units, read after the views. */
  readonly rollouts: readonly RolloutView[];
}

/** What the cluster shows, or why it shows nothing: agents that restart are silent for a moment. */
type Reader = () => Promise<Reading | string>;

/** Machines are asked for again only when a unit is on one that was not known yet: names don't change. */
function readerOf(source: UnitsSource, wanted: Wanted): Reader {
  let machines: MachinesReply['machines'] = [];
  const rolls = wanted.units.some(({ rolls }) => rolls);
  return async () => {
    try {
      const { units } = await source.units();
      const ids = units.flatMap(({ placements, states }) =>
        [...placements, ...states].map((each) => each.machineId),
      );
      const known = new Set(machines.map(({ id }) => id));
      if (!ids.every((id) => known.has(id))) machines = (await source.machines()).machines;
      const machineName = machineNames(machines);
      const { rollouts } = rolls ? await source.rollouts() : { rollouts: [] };
      return { views: units, machineName, rollouts: concerning(wanted, rollouts) };
    } catch (error) {
      if (isOutage(error)) return error.message;
      throw error;
    }
  };
}

type Outcome =
  | { readonly state: 'healthy'; readonly reading: Reading }
  | { readonly state: 'failed'; readonly error: UnitsNotHealthy }
  /** `step`: a rollout went on since the last look. */
  | { readonly state: 'waiting'; readonly text: string; readonly step: boolean };

const nothingSeen: Evaluation = { done: false, failed: [], waiting: [] };

/** Remembers what one look at the cluster can't tell: crash loops and how long a verdict has held. */
class Follower {
  readonly #wanted: Wanted;
  readonly #settle: Settle;
  #crashes: CrashHistory = new Map();
  #evaluation = nothingSeen;
  #trouble: string | undefined;
  #verdict = { key: '', since: 0 };
  #steps = '';

  constructor(wanted: Wanted, settle: Settle) {
    this.#wanted = wanted;
    this.#settle = settle;
  }

  observe(reading: Reading | string, at: number): Outcome {
    if (typeof reading === 'string') {
      this.#trouble = reading;
      this.#hold('', at);
      return { state: 'waiting', text: reading, step: false };
    }
    this.#trouble = undefined;
    this.#evaluation = this.#evaluate(reading);
    const { done, failed, waiting } = this.#evaluation;
    const ended = done ? [] : badEnds(this.#wanted, reading.rollouts, reading.views);
    const overtaken = waiting.filter(
      (each) => each.overtaken && !belongsTo(each.unit, reading.rollouts.filter(isMoving)),
    );
    const settled =
      this.#hold(verdictKey(this.#evaluation, ended, overtaken), at) >= this.#settleTime(reading.views);
    if (done && settled) return { state: 'healthy', reading };
    if (ended.length > 0 && settled) return { state: 'failed', error: rolloutError(ended, waiting) };
    if (overtaken.length > 0 && settled) return { state: 'failed', error: overtakenError(overtaken) };
    if (failed.length > 0 && settled) {
      return { state: 'failed', error: new UnitsNotHealthy(failureText(failed), failed, waiting) };
    }
    return { state: 'waiting', text: this.#text(reading), step: this.#stepped(reading) };
  }

  tooLate(waited: number): UnitsNotHealthy {
    const { failed, waiting } = this.#evaluation;
    const lines = waiting.map(({ unit, why }) => `\n  ${unit}: ${why}`);
    if (failed.length > 0) lines.push(`\n${failureText(failed)}`);
    if (this.#trouble !== undefined) lines.push(`\n  the last question got no answer: ${this.#trouble}`);
    if (lines.length === 0) lines.push('\n  they were healthy, but not for long enough');
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

function rolloutError(ended: readonly RolloutView[], waiting: readonly Waiting[]): UnitsNotHealthy {
  return new UnitsNotHealthy(ended.map(sayBadEnd).join('\n'), ended.map(rolloutFailure), waiting);
}

function overtakenError(overtaken: readonly Waiting[]): UnitsNotHealthy {
  const lines = overtaken.map(({ unit, why }) => `\n  ${unit}: ${why}`);
  return new UnitsNotHealthy(
    `units were changed by somebody else meanwhile:${lines.join('')}`,
    [],
    overtaken,
  );
}
