/** Time and chance as the code sees them, so that tests can hold them in their hands. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; its zero means nothing. */
  now(): number;
  /** Calls `action` once, `delay` milliseconds from now. The function returned takes that back. */
  after(delay: number, action: () => void): () => void;
  /** From 0 to below 1: what waits between tries are spread by. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Waits `ms` milliseconds, or less when `signal` aborts: it never rejects, the caller looks at its signal. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
