/** No wait stays silent longer than this, in milliseconds. */
const interval = 10_000;

/** Says every ten seconds what is waited for, until the returned function is called. */
export function remind(log: ((line: string) => void) | undefined, text: () => string): () => void {
  const timer = setInterval(() => log?.(`waiting for ${text()}`), interval);
  return () => clearInterval(timer);
}

/** Waits for `work`, and says so while it lasts. */
export async function reminding<T>(
  log: ((line: string) => void) | undefined,
  text: () => string,
  work: Promise<T>,
): Promise<T> {
  const stop = remind(log, text);
  try {
    return await work;
  } finally {
    stop();
  }
}

/** Says `line()` every ten seconds, with the seconds gone by, until stopped: for work, whose last word is of interest. */
export function heartbeat(log: (line: string) => void, line: () => string): { stop(): void } {
  const start = Date.now();
  const timer = setInterval(() => log(`${line()} (${Math.round((Date.now() - start) / 1000)} s)`), interval);
  return { stop: () => clearInterval(timer) };
}
