/** Gives `work` so many seconds; then its signal fires with an error that says so. */
export async function within<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const fire = () => late.abort(new Error(`no answer within ${seconds} s`));
  const timer = setTimeout(fire, seconds * 1000);
  try {
    return await work(late.signal);
  } finally {
    clearTimeout(timer);
  }
}
