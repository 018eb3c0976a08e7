import type { Command } from 'commander';
import type { UnitView } from '../model/api.ts';
import type { TargetState } from '../model/unit.ts';
import { persist } from '../push/persist.ts';
import type { Cluster } from './cluster.ts';
import { type VerbText, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { reportUnits } from './report-units.ts';
import { print, say } from './say.ts';
import { selectUnits } from './select-units.ts';
import { addWaitOptions, patience, type WaitOptions } from './wait-options.ts';

interface StoppingVerb extends VerbText {
  readonly verb: 'stop' | 'unload';
  readonly targetState: TargetState;
  /** Why the command is not for this unit, as a clause; undefined for one that it is for. */
  refuse(unit: UnitView): string | undefined;
  wait(context: Context, cluster: Cluster, names: readonly string[], seconds: number): Promise<void>;
}

/** `stop` or `unload`: takes units of the cluster back to an earlier target state. */
export function stoppingVerb(context: Context, text: StoppingVerb): Command {
  const command = addWaitOptions(
    verb(text.verb, text).argument('<units...>', 'units of the cluster; globs and braces in quotes'),
  );
  return command.action((words: string[], options: WaitOptions) =>
    withCluster(context, command, async (cluster) => {
      const names = await persist(
        (line) => say(context, line),
        () => retarget(cluster, words, text),
      );
      const deadline = patience(options);
      if (deadline === undefined) {
        for (const name of names) print(context, `Triggered unit ${name} ${text.verb}`);
        return 0;
      }
      await text.wait(context, cluster, names, deadline);
      return reportUnits(context, cluster, names);
    }),
  );
}

/** All or none: one transaction changes them, and nothing is done when one of them is refused. */
async function retarget(
  { api }: Cluster,
  words: readonly string[],
  { targetState, refuse }: StoppingVerb,
): Promise<readonly string[]> {
  const { units } = await api.units();
  const meant = selectUnits(units, words, (unit) => refuse(unit) === undefined);
  const refusals = meant.flatMap((unit) => {
    const why = refuse(unit);
    return why === undefined ? [] : [`${unit.name} ${why}`];
  });
  if (refusals.length > 0) throw new CommandFailed(refusals.join('\n'));
  const changes = meant.filter((unit) => unit.targetState !== targetState);
  const targets = changes.map(({ name }) => ({ name, targetState }));
  if (targets.length > 0) await api.apply({ put: [], destroy: [], targets });
  return meant.map(({ name }) => name);
}
