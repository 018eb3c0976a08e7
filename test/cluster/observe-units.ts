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

/** Asks again and again until it is stopped. @returns milliseconds of the longest time without an answer */
export function watchAnswers(url: string): { stop(): Promise<number> } {
  const end = new AbortController();
  const watching = (async () => {
    let longest = 0;
    let last = performance.now();
    while (!end.signal.aborted) {
      // Its time may be up between the answer's head and its body, too.
      const reply = await fetch(url, { signal: AbortSignal.timeout(2000) })
        .then((response) => response.text())
        .catch(() => undefined);
      longest = Math.max(longest, performance.now() - last);
      if (reply?.startsWith('Hello from instance')) last = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return longest;
  })();
  return {
    async stop() {
      end.abort();
      return watching;
    },
  };
}
