import * as z from 'zod';
import type { Stack } from './stack.ts';

const eventSchema = z.object({
  revision: z.string(),
  kind: z.string(),
  unit: z.string().optional(),
  machine: z.string().optional(),
  message: z.string(),
});

export type ClusterEvent = z.output<typeof eventSchema>;

/** What happened in the cluster since its beginning, oldest first. */
export async function events(stack: Stack): Promise<readonly ClusterEvent[]> {
  const { status, output, stdout } = await stack.look(['events', '--json']);
  if (status !== 0) throw new Error(`events ended with ${status}: ${output}`);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => eventSchema.parse(JSON.parse(line)));
}

/**
 * Every event that left fewer than `atLeast` of the units active, with their number. `before` says where each was
 * active at the first event: the cluster's own history does not, as it reaches back an hour and has one name for
 * a machine and its next generation.
 */
export function shortages(
  before: Readonly<Record<string, readonly string[]>>,
  happened: readonly ClusterEvent[],
  atLeast: number,
): string[] {
  const active = new Map(Object.entries(before).map(([unit, machines]) => [unit, new Set(machines)]));
  return happened.flatMap(({ kind, unit = '', machine = '', message }) => {
    const on = active.get(unit);
    if (kind !== 'state' || !on) return [];
    if (message.startsWith('active')) on.add(machine);
    else on.delete(machine);
    const left = [...active.values()].filter(({ size }) => size > 0).length;
    return left < atLeast ? [`${left} left: ${unit} on ${machine}: ${message}`] : [];
  });
}

/** The longest time without an answer. */
export interface Silence {
  readonly milliseconds: number;
  /** What came instead, at which second of it. */
  readonly instead: readonly string[];
}

/**
 * Asks every so many milliseconds until it is stopped, also while earlier questions wait: one that is given up is work
 * for nothing, and leads to the next one.
 */
export function watchAnswers(url: string, every = 250): { stop(): Promise<Silence> } {
  const end = new AbortController();
  let longest: Silence = { milliseconds: 0, instead: [] };
  let last = performance.now();
  let instead: string[] = [];
  const noteGap = () => {
    const milliseconds = performance.now() - last;
    if (milliseconds > longest.milliseconds) longest = { milliseconds, instead };
  };
  const ask = async () => {
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(8000)]);
    // Its time may be up between the answer's head and its body, too.
    const reply = await fetch(url, { signal })
      .then((response) => response.text())
      .catch((error: Error) => `${error.message}: ${error.cause ?? ''}`);
    if (!reply.startsWith('Hello from instance')) {
      instead.push(`${Math.round((performance.now() - last) / 1000)} s: ${reply.trim()}`);
      return;
    }
    noteGap();
    last = performance.now();
    instead = [];
  };
  const timer = setInterval(() => void ask(), every);
  return {
    async stop() {
      if (end.signal.aborted) return longest;
      clearInterval(timer);
      noteGap();
      end.abort();
      return longest;
    },
  };
}
