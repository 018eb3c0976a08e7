import { Command } from 'commander';
import type { Cluster } from './cluster.ts';
import { type Completion, completeLine, type Noun, type Suggestion } from './complete-line.ts';
import type { Context } from './context.ts';
import { print } from './say.ts';

/** Seconds. Nobody waits longer for a suggestion. */
const patience = 10;

/**
 * `flotilla __complete -- WORDS`, for the shells: prints what the last word can become, one candidate a line. Verbs
 * and options come from the program itself; names of units and machines from the cluster.
 */
export function completeCommand(context: Context, program: Command): Command {
  return new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const line = completeLine(program, words);
      const all = [...line.candidates, ...(await namesOf(context, line))];
      for (const { text, description } of all.filter(({ text }) => text.startsWith(line.prefix))) {
        const whole = line.lead + text;
        print(context, description ? `${whole}\t${description}` : whole);
      }
    });
}

/** Nothing when the cluster can't be asked: a shell has no place for an error message. */
async function namesOf(context: Context, { nouns, stack }: Completion): Promise<readonly Suggestion[]> {
  if (nouns.length === 0) return [];
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patience * 1000)]);
  const wanted = stack ?? (context.env.FLOTILLA_STACK || undefined);
  try {
    const cluster = await context.openCluster({
      stack: wanted,
      cluster: context.env.FLOTILLA_CLUSTER || undefined,
      log: () => undefined,
      signal,
    });
    try {
      const found = await Promise.all(nouns.map((noun) => lists[noun](cluster)));
      return found.flat();
    } finally {
      await cluster.close();
    }
  } catch {
    return [];
  }
}

const lists: Readonly<Record<Noun, (cluster: Cluster) => Promise<readonly Suggestion[]>>> = {
  machine: async ({ machines }) =>
    machines.map(({ name, address }) => ({ text: name, description: address })),
  unit: async ({ api }) =>
    (await api.units()).units.map(({ name, targetState }) => ({ text: name, description: targetState })),
  rollout: async ({ api }) =>
    (await api.rollouts()).rollouts.map(({ name, state }) => ({ text: name, description: state })),
  service: async ({ api }) => {
    const names = (await api.services()).services.map(({ service }) => service);
    return [...new Set(names)].map((text) => ({ text }));
  },
};
