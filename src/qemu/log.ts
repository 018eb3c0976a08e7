/** Takes one line of progress for the user, without a line end. */
export type Log = (line: string) => void;

/** No wait stays silent longer than this, in milliseconds. */
const interval = 10_000;

/** Says `line()` every 10 s, with the seconds gone by, until stopped. */
export function heartbeat(log: Log, line: () => string): { stop(): void } {
  const start = Date.now();
  const timer = setInterval(() => log(`${line()} (${Math.round((Date.now() - start) / 1000)} s)`), interval);
  return { stop: () => clearInterval(timer) };
}
