import type { Command } from 'commander';
import { persist } from '../push/persist.ts';
import { findCandidates } from './candidates.ts';
import type { Cluster } from './cluster.ts';
import { type VerbText, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { planCreation, type Wish } from './creation.ts';
import { CommandFailed } from './failure.ts';
import { type FollowedUnit, followStart } from './follow-start.ts';
import { reportUnits } from './report-units.ts';
import { print, say } from './say.ts';
import { waitUntilStopped } from './wait-for-units.ts';
import { addWaitOptions, patience, type WaitOptions } from './wait-options.ts';

type CreatingVerb = VerbText & Omit<Wish, 'replace'>;

interface Options extends WaitOptions {
  readonly replace?: boolean;
}

/** `submit`, `load` or `start`: makes sure that the cluster has the units, in a target state. */
export function creatingVerb(context: Context, text: CreatingVerb): Command {
  const command = verb(text.verb, text)
    .argument(
      '<units...>',
      'units of the cluster, unit files, instances of templates; globs and braces in quotes',
    )
    .option('--replace', 'give units the contents of their file where the two differ');
  if (text.verb !== 'submit') addWaitOptions(command);
  return command.action((words: string[], options: Options) =>
    withCluster(context, command, async (cluster) => {
      const wish = { ...text, replace: options.replace === true };
      const created = await persist(
        (line) => say(context, line),
        async (attempt) => {
          const { units, changed } = await create(context, cluster, words, wish);
          return { units, changed: changed || attempt > 1 };
        },
      );
      return await outcome(context, cluster, created, wish, options);
    }),
  );
}

interface Created {
  /** All units that were named. */
  readonly units: readonly FollowedUnit[];
  readonly changed: boolean;
}

/** Waits for what the verb is about, unless nobody wants to, and tells of it. Returns the exit status. */
async function outcome(
  context: Context,
  cluster: Cluster,
  { units, changed }: Created,
  wish: Wish,
  options: WaitOptions,
): Promise<number> {
  const names = units.map(({ name }) => name);
  if (wish.verb === 'submit') return reportUnits(context, cluster, names);
  const deadline = patience(options);
  if (deadline === undefined) {
    for (const name of names) print(context, `Triggered unit ${name} ${wish.verb}`);
    return 0;
  }
  await followStart(context, cluster, units, { ...wish, deadline, changed });
  if (wish.verb === 'load') await waitUntilStopped(context, cluster, names, deadline);
  return reportUnits(context, cluster, names);
}

async function create(
  context: Context,
  { api }: Cluster,
  words: readonly string[],
  wish: Wish,
): Promise<Created> {
  const { revision, units } = await api.units();
  const candidates = await findCandidates(api, units, words, wish);
  const { put, targets, warnings, problems } = planCreation(candidates, wish);
  if (problems.length > 0) throw new CommandFailed(problems.join('\n'));
  for (const warning of warnings) say(context, warning);
  const changed = put.length + targets.length > 0;
  // The revision: between our look and our change nobody else shall have made or replaced one of these units.
  if (changed) await api.apply({ put, destroy: [], ...(targets.length > 0 && { targets }), revision });
  const contents = new Map(put.map((unit) => [unit.name, unit]));
  return { units: candidates.map(({ name }) => contents.get(name) ?? { name }), changed };
}
