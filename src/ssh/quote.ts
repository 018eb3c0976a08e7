/**
 * An argv as one line for the login shell that sshd starts (RFC 4254 section 6.5 carries a string, not an argv).
 * Single quotes keep every byte but themselves (POSIX sh, section 2.2.2). This is the only place that quotes.
 *
 * @throws when the argv is empty or holds a NUL, which no argv can carry.
 */
export function quote(argv: readonly string[]): string {
  if (argv.length === 0) throw new Error('A command needs at least one word.');
  if (argv.some((word) => word.includes('\0'))) throw new Error('A command cannot carry a NUL byte.');
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
