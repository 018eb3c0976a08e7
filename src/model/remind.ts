/** Says every ten seconds what is waited for, until the returned function is called. */
export function remind(log: (line: string) => void, text: () => string): () => void {
  const timer = setInterval(() => log(`waiting for ${text()}`), 10_000);
  return () => clearInterval(timer);
}
