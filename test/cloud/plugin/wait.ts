import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from './pace.ts';

/** A wait as Terraform's SDK does it (`retry.StateChangeConf`); seconds. */
export interface Wait {
  readonly pending: readonly string[];
  readonly target: string;
  /** What it is now; undefined where that can't be seen just now. */
  readonly look: () => Promise<string | undefined>;
  readonly timeout: number;
  /** Before the first look; none by default. */
  readonly delay?: number;
  /** Least time between looks, which doubles. */
  readonly poll: number;
  /** How often in a row nothing may be seen. */
  readonly blindLooks?: number;
}

/** The SDK's bounds for the time between two looks. */
const between = { first: 0.2, longest: 10 };

/** @throws Error in the SDK's words */
export async function waitFor(wait: Wait, { pace, patience }: Pace): Promise<void> {
  const { pending, target, look, timeout, delay = 0, poll, blindLooks = 20 } = wait;
  const deadline = performance.now() + timeout * 1000 * patience;
  await sleep(delay * 1000 * pace);
  let [pause, blind, last] = [between.first, 0, ''];
  for (;;) {
    const state = await look();
    if (state === target) return;
    blind = state === undefined ? blind + 1 : 0;
    if (blind > blindLooks) throw new Error(`couldn't find resource (${blind} retries)`);
    if (state !== undefined && !pending.includes(state))
      throw new Error(`unexpected state '${state}', wanted target '${target}'`);
    last = state ?? last;
    pause = pause < poll ? poll : Math.min(pause, between.longest);
    if (performance.now() + pause * 1000 * pace > deadline) {
      const known = `last state: '${last}', timeout: ${timeout * patience}s`;
      throw new Error(`timeout while waiting for state to become '${target}' (${known})`);
    }
    await sleep(pause * 1000 * pace);
    pause *= 2;
  }
}

/**
 * Repeats what fails in a way that time may heal (`retry.RetryContext`).
 *
 * @throws the last failure
 */
export async function retry(
  action: () => Promise<void>,
  heals: (error: unknown) => boolean,
  timeout: number,
  settings: Pace,
): Promise<void> {
  let failure: unknown;
  const look = async () => {
    try {
      await action();
      return 'success';
    } catch (error) {
      failure = error;
      if (!heals(error)) throw error;
      return 'again';
    }
  };
  const wait = { pending: ['again'], target: 'success', look, timeout, poll: 0.5 };
  await waitFor(wait, settings).catch((error: unknown) => {
    throw failure ?? error;
  });
}
