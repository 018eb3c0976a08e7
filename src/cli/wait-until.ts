import { isOutage } from '../push/errors.ts';
import { firstThree, Progress } from '../push/progress.ts';
import type { Context } from './context.ts';
import { CommandFailed, timedOut } from './failure.ts';
import { say } from './say.ts';

/** Seconds. */
const lookEvery = 1;

const goesOn = 'It goes on without this command: see `flotilla list-units`, or wait longer with --timeout';

/**
 * Looks once a second until nothing is left to wait for. Says what it waits for when that changes, and every ten
 * seconds. An agent that is silent for a moment is waited for as well.
 *
 * @param look says what it still waits for, as clauses: `hello.service: active on core-1`.
 * @param advice the last line when it is given up
 * @throws CommandFailed with status 3 when `seconds` have passed.
 */
export async function waitUntil(
  context: Pick<Context, 'clock' | 'signal' | 'terminal'>,
  seconds: number,
  look: () => Promise<readonly string[]>,
  advice = goesOn,
): Promise<void> {
  const { clock, signal } = context;
  const now = () => clock.now() / 1000;
  const end = now() + seconds;
  const progress = new Progress((line) => say(context, line));
  for (;;) {
    const left = await orOutage(look);
    signal.throwIfAborted();
    if (left.length === 0) return;
    if (now() >= end) {
      const lines = left.map((each) => `\n  ${each}`).join('');
      const waited = `gave up after ${seconds} s; it would have had to wait for${lines}`;
      throw new CommandFailed(`${waited}\n${advice}`, timedOut);
    }
    const limit = `${Math.round(now() - end + seconds)} s of ${seconds} s`;
    progress.report(`waiting for ${firstThree(left)}`, now(), limit);
    await clock.sleep(lookEvery * 1000, signal);
  }
}

/** What is left, or the outage that hides it. */
async function orOutage(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await look();
  } catch (error) {
    if (isOutage(error)) return [error.message];
    throw error;
  }
}
