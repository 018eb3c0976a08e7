import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

/** For those who look again and again: milliseconds that only grow. */
export interface PollClock {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: PollClock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, signal ? { signal } : {}),
};
