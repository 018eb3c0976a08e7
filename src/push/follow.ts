import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { MachinesReply, UnitsReply, UnitView } from '../model/api.ts';
import { ApiError, NoAnswer } from './api.ts';
import { machineNames } from './diff.ts';
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

/** What following needs of the `AgentApi`. */
export interface UnitsSource {
  units(): Promise<UnitsReply>;
  machines(): Promise<MachinesReply>;
}

/** Milliseconds that only grow. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, signal ? { signal } : {}),
};

/**
 * Seconds for which a verdict must hold. A unit that dies right after its start would pass for healthy; one whose
 * new file is there but whose restart is not would pass for failed.
 */
export interface Settle {
  readonly running: number;
  /** A unit that has finished looks like one that has not been started yet, so that gets more time to show. */
  readonly finished: number;
}

/** Two looks and five: a little less, or a look that is answered quicker than the first would come too early. */
const defaultSettle: Settle = { running: 1.8, finished: 4.8 };

/** For units that nothing was done to: what they are now is no news. */
export const alreadySettled: Settle = { running: 0, finished: 0 };

export interface FollowOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds until the units that are not healthy by then are reported as an error; default 120. */
  readonly deadline?: number;
  readonly settle?: Settle;
  readonly clock?: Clock;
}

/** Units did not become healthy; the message names each with its machine, the reason and its last journal lines. */
export class UnitsNotHealthy extends Error {
  override readonly name = 'UnitsNotHealthy';
  readonly failed: readonly UnitFailure[];
  readonly waiting: readonly Waiting[];

  constructor(message: string, failed: readonly UnitFailure[], waiting: readonly Waiting[]) {
    super(message);
    this.failed = failed;
    this.waiting = waiting;
  }
}

const pollEvery = 1;
const remindEvery = 10;

/** Returns the units as they are once all are healthy and stay so. Throws `UnitsNotHealthy`. */
export async function followUnits(
  source: UnitsSource,
  wanted: Wanted,
  options: FollowOptions,
): Promise<Reading> {
  const { log, signal, deadline = 120, settle = defaultSettle, clock = systemClock } = options;
  const seconds = () => clock.now() / 1000;
  const end = seconds() + deadline;
  const follower = new Follower(wanted, settle);
  const progress = new Progress(log);
  const read = readerOf(source);
  for (;;) {
    const asked = seconds();
    const reading = await read();
    signal?.throwIfAborted();
    const outcome = follower.observe(reading, seconds());
    if (outcome.state === 'healthy') return outcome.reading;
    if (outcome.state === 'failed') throw outcome.error;
    if (seconds() >= end) throw follower.tooLate(deadline);
    progress.report(outcome.text, seconds());
    await clock.sleep(Math.max(0, asked + pollEvery - seconds()) * 1000, signal);
  }
}

/** The units, and what the machines are called that have them. */
export interface Reading {
  readonly views: readonly UnitView[];
  readonly machineName: (id: string) => string;
}

/** What the cluster shows, or why it shows nothing: agents that restart are silent for a moment. */
type Reader = () => Promise<Reading | string>;

/** Machines are asked for again only when a unit is on one that was not known yet: names don't change. */
function readerOf(source: UnitsSource): Reader {
  let machines: MachinesReply['machines'] = [];
  return async () => {
    try {
      const { units } = await source.units();
      const ids = units.flatMap(({ placements, states }) =>
        [...placements, ...states].map((each) => each.machineId),
      );
      const known = new Set(machines.map(({ id }) => id));
      if (!ids.every((id) => known.has(id))) machines = (await source.machines()).machines;
      return { views: units, machineName: machineNames(machines) };
    } catch (error) {
      if (error instanceof NoAnswer) return error.message;
      if (error instanceof ApiError && error.status >= 500) return error.message;
      throw error;
    }
  };
}

type Outcome =
  | { readonly state: 'healthy'; readonly reading: Reading }
  | { readonly state: 'failed'; readonly error: UnitsNotHealthy }
  | { readonly state: 'waiting'; readonly text: string };

const nothingSeen: Evaluation = { done: false, failed: [], waiting: [] };

/** Remembers what one look at the cluster can't tell: crash loops and how long a verdict has held. */
class Follower {
  readonly #wanted: Wanted;
  readonly #settle: Settle;
  #crashes: CrashHistory = new Map();
  #evaluation = nothingSeen;
  #trouble: string | undefined;
  #verdict = { key: '', since: 0 };

  constructor(wanted: Wanted, settle: Settle) {
    this.#wanted = wanted;
    this.#settle = settle;
  }

  observe(reading: Reading | string, at: number): Outcome {
    if (typeof reading === 'string') {
      this.#trouble = reading;
      this.#hold('', at);
      return { state: 'waiting', text: reading };
    }
    this.#trouble = undefined;
    this.#evaluation = this.#evaluate(reading);
    const { done, failed, waiting } = this.#evaluation;
    const settled = this.#hold(verdictKey(this.#evaluation), at) >= this.#settleTime(reading.views);
    if (done && settled) return { state: 'healthy', reading };
    if (failed.length > 0 && settled) {
      return { state: 'failed', error: new UnitsNotHealthy(failureText(failed), failed, waiting) };
    }
    return { state: 'waiting', text: progressText(this.#evaluation, this.#wanted) };
  }

  tooLate(deadline: number): UnitsNotHealthy {
    const { failed, waiting } = this.#evaluation;
    const lines = waiting.map(({ unit, why }) => `\n  ${unit}: ${why}`);
    if (failed.length > 0) lines.push(`\n${failureText(failed)}`);
    if (this.#trouble !== undefined) lines.push(`\n  the last question got no answer: ${this.#trouble}`);
    if (lines.length === 0) lines.push('\n  they were healthy, but not for long enough');
    const message = `units are not healthy after ${deadline} s:${lines.join('')}`;
    return new UnitsNotHealthy(message, failed, waiting);
  }

  #evaluate({ views, machineName }: Reading): Evaluation {
    this.#crashes = observeCrashes(this.#crashes, views);
    const now = evaluate(views, this.#wanted, machineName);
    const failed = [...now.failed, ...crashLoops(this.#crashes, views, this.#wanted, machineName)];
    return { done: now.done && failed.length === 0, failed, waiting: now.waiting };
  }

  /** Seconds since the verdict is this one. */
  #hold(key: string, at: number): number {
    if (key !== this.#verdict.key) this.#verdict = { key, since: at };
    return at - this.#verdict.since;
  }

  #settleTime(views: readonly UnitView[]): number {
    const finishing = new Set(this.#wanted.units.filter((unit) => unit.finishes).map((unit) => unit.name));
    const states = views.filter((view) => finishing.has(view.name)).flatMap((view) => view.states);
    const finished = states.some((state) => state.active === 'inactive');
    return finished ? this.#settle.finished : this.#settle.running;
  }
}

function verdictKey({ done, failed }: Evaluation): string {
  if (done) return 'healthy';
  return failed.map(({ unit, machine }) => `${unit} on ${machine}`).join(', ');
}

function progressText({ done, failed, waiting }: Evaluation, wanted: Wanted): string {
  const units = wanted.units.length + wanted.gone.length;
  const busy = new Set([...waiting, ...failed].map(({ unit }) => unit));
  const count = `${units - busy.size} of ${units} units are as wanted`;
  if (done) return `${count}; watching that they stay so`;
  const failing = failed.map(({ unit, machine }) => `${unit}: failed on ${machine}`);
  const shown = [...failing, ...waiting.map(({ unit, why }) => `${unit}: ${why}`)];
  const more = shown.length > 3 ? `; and ${shown.length - 3} more` : '';
  return `${count}; waiting for ${shown.slice(0, 3).join('; ')}${more}`;
}

function failureText(failed: readonly UnitFailure[]): string {
  return failed
    .map(({ unit, machine, result, journal }) => {
      const lines = journal.length > 0 ? journal : ['(its journal is empty)'];
      return `unit ${unit} failed on ${machine} (${result}):${lines.map((line) => `\n  ${line}`).join('')}`;
    })
    .join('\n');
}

/** Says a thing when it changes, and again every ten seconds while it does not. */
class Progress {
  readonly #log: (line: string) => void;
  #last = { text: '', at: 0 };

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  report(text: string, at: number): void {
    if (text === this.#last.text && at - this.#last.at < remindEvery) return;
    this.#last = { text, at };
    this.#log(text);
  }
}
