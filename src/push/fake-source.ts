import type { RolloutView, UnitView } from '../model/api.ts';
import { fakeMachine } from './fake-agent.ts';
import { followUnits } from './follow.ts';
import type { Wanted } from './health.ts';
import type { PollClock } from './poll-clock.ts';

/** The cluster as one answer shows it. */
export interface Moment {
  readonly view: UnitView;
  readonly rollout?: RolloutView;
}

export interface Followed {
  /** What `followUnits` returned or threw. */
  readonly result: unknown;
  readonly log: readonly string[];
  /** How long it took. */
  readonly seconds: number;
}

/** The only machine of the cluster. */
export const core1 = fakeMachine('core-1');

/**
 * Follows units of a cluster that shows one moment a second, or fails so, and goes on with the last. Time passes in
 * `sleep`, and for each answer as long as is said, in seconds; a third of a second makes it a question a second.
 */
export async function followMoments(
  moments: readonly (Moment | Error)[],
  wanted: Wanted,
  deadline = 120,
  answerTakes = 1 / 3,
): Promise<Followed> {
  const log: string[] = [];
  let now = 0;
  let asked = 0;
  const clock: PollClock = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const moment = (): Moment => {
    const found = moments[Math.min(asked, moments.length - 1)];
    if (found === undefined) throw new Error('nothing to show');
    if (found instanceof Error) throw found;
    return found;
  };
  const source = {
    machines: async () => ({ machines: [core1] }),
    units: async () => {
      asked = Math.round(now / 1000);
      now += answerTakes * 1000;
      return { revision: '1', units: [moment().view] };
    },
    rollouts: async () => ({ rollouts: [moment().rollout ?? []].flat() }),
  };
  const options = { log: (line: string) => log.push(line), clock, deadline };
  const result = await followUnits(source, wanted, options).catch((error: unknown) => error);
  return { result, log, seconds: asked };
}
