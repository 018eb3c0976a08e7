/** Seconds in each unit of systemd.time(7), "Parsing Time Spans". A month and a year are averages there, too. */
const secondsIn: ReadonlyMap<string, number> = new Map(
  [
    { seconds: 1e-6, words: ['usec', 'us', 'µs', 'μs'] },
    { seconds: 1e-3, words: ['msec', 'ms'] },
    { seconds: 1, words: ['', 'seconds', 'second', 'sec', 's'] },
    { seconds: 60, words: ['minutes', 'minute', 'min', 'm'] },
    { seconds: 3600, words: ['hours', 'hour', 'hr', 'h'] },
    { seconds: 86_400, words: ['days', 'day', 'd'] },
    { seconds: 604_800, words: ['weeks', 'week', 'w'] },
    { seconds: 2_629_800, words: ['months', 'month', 'M'] },
    { seconds: 31_557_600, words: ['years', 'year', 'y'] },
  ].flatMap(({ seconds, words }) => words.map((word): [string, number] => [word, seconds])),
);

const part = /(\d+(?:\.\d+)?)\s*([a-zA-Zµμ]*)\s*/y;

/**
 * A time span as systemd writes it, in seconds: `90`, `90s`, `2min`, `1h 30min`. A number without a unit means
 * seconds. undefined for anything else, `infinity` included: whatever waits here has to end.
 */
export function readTimeSpan(text: string): number | undefined {
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const [, number, word = ''] = part.exec(text) ?? [];
    const seconds = secondsIn.get(word);
    if (number === undefined || seconds === undefined) return undefined;
    total += Number(number) * seconds;
  }
  return text === '' ? undefined : total;
}
