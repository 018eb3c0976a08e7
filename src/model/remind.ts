/** Says every ten seconds what is waited for, until the returned function is called. */
export function remind(log: ((line: string) => void) | undefined, text: () => string): () => void {
  const timer = setInterval(() => log?.(`waiting for ${text()}`), 10_000);
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
