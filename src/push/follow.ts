import type { MachinesReply, RolloutsReply, UnitsReply } from '../model/api.ts';
import { patientPause } from '../model/patient-pause.ts';
import { machineNames } from './diff.ts';
import { isOutage } from './errors.ts';
import { Follower, type Reading, type Settle } from './follower.ts';
import type { Wanted } from './health.ts';
import { type PollClock, systemClock } from './poll-clock.ts';
import { Progress } from './progress.ts';
import { concerning } from './rollout.ts';

/** What following needs of the `AgentApi`. */
export interface UnitsSource {
  units(): Promise<UnitsReply>;
  machines(): Promise<MachinesReply>;
  rollouts(): Promise<RolloutsReply>;
}

/** Seconds; see `FollowOptions`. */
const defaultDeadline = 120;

/** With looks a second apart, two and five: a little less, or one that is answered quicker would come too early. */
const defaultSettle: Settle = { running: 1.8, finished: 4.8 };

/** For units that nothing was done to: what they are now is no news. */
export const alreadySettled: Settle = { running: 0, finished: 0 };

export interface FollowOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /**
   * Seconds until the units that are not healthy by then are reported as an error; default: 120, and as long again
   * whenever one more is healthy, since a slow computer has to start them one after the other. A rollout has as long
   * for each of its steps, and its units' `RolloutDeadline=` on top; where units say one themselves, so has their start.
   */
  readonly deadline?: number;
  readonly settle?: Settle;
  readonly clock?: PollClock;
}

/**
 * Seconds from one question to the next: quick where the answer is, and slow enough not to take a busy machine's
 * processor away from the units that are waited for.
 */
function paceAfter(answerTook: number, unchangedFor: number): number {
  return patientPause(unchangedFor, { least: Math.max(0.5, 3 * answerTook), most: 10 });
}

/** Seconds for an answer with which looks are no more than a second and a half apart. */
const usualAnswer = 0.45;

/**
 * How much longer than usual a verdict must hold, by how long the answer took: what starts slowly also dies slowly, and
 * its agent takes as much longer to say so.
 */
function slownessOf(answerTook: number): number {
  return Math.min(Math.max(1, answerTook / usualAnswer), 4);
}

/** Returns the units as they are once all are healthy and stay so. Throws `UnitsNotHealthy`. */
export async function followUnits(
  source: UnitsSource,
  wanted: Wanted,
  options: FollowOptions,
): Promise<Reading> {
  const { log, signal, deadline = defaultDeadline, settle = defaultSettle, clock = systemClock } = options;
  const seconds = () => clock.now() / 1000;
  const began = seconds();
  // What starts slowly says so, and others may wait for it before they start themselves.
  const slowest = Math.max(0, ...wanted.units.map(({ announced }) => announced));
  let end = began + deadline + slowest;
  const follower = new Follower(wanted, settle);
  const progress = new Progress(log);
  let news = { text: '', at: began };
  const read = readerOf(source, wanted);
  const patience = Math.max(...wanted.units.map(({ rolloutDeadline }) => rolloutDeadline));
  for (;;) {
    const asked = seconds();
    const reading = await read();
    const took = seconds() - asked;
    signal?.throwIfAborted();
    const outcome = follower.observe(reading, seconds(), slownessOf(took));
    if (outcome.state === 'healthy') return outcome.reading;
    if (outcome.state === 'failed') throw outcome.error;
    if (outcome.gained && options.deadline === undefined) {
      end = Math.max(end, seconds() + deadline + slowest);
    }
    if (outcome.step) end = Math.max(end, seconds() + deadline + patience);
    if (seconds() >= end && !outcome.settling) throw follower.tooLate(Math.round(seconds() - began));
    if (outcome.text !== news.text) news = { text: outcome.text, at: asked };
    const next = asked + paceAfter(took, asked - news.at);
    const limit = `${Math.round(seconds() - began)} s of ${Math.round(end - began)} s`;
    progress.report(outcome.text, seconds(), limit);
    const due = seconds() < end ? Math.min(next, end) : next;
    await clock.sleep(Math.max(0, due - seconds()) * 1000, signal);
  }
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
