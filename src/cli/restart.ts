import type { Command } from 'commander';
import type { UnitView } from '../model/api.ts';
import { persist } from '../push/persist.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed, interrupted, timedOut } from './failure.ts';
import { followStart } from './follow-start.ts';
import { absence, whereabouts } from './lookup.ts';
import { reportUnits } from './report-units.ts';
import { runTool } from './run-tool.ts';
import { print, say } from './say.ts';
import { selectUnits } from './select-units.ts';
import type { KnownMachine } from './stack.ts';
import { addWaitOptions, patience, type WaitOptions } from './wait-options.ts';

/**
 * The cluster's wishes have no word for a restart, and need none: systemd on the machine does it, as its own
 * `systemctl restart`. The agent there sees the unit stop and start, and leaves it alone.
 */
export const restart: Verb = (context) =>
  addWaitOptions(
    verb('restart', {
      summary: 'restart units, one machine after the other',
      description:
        'Runs `systemctl restart` on every machine that has the unit, and waits until it is healthy before the next ' +
        'one. A unit that is only loaded is started. One that is inactive or pending is refused.',
      examples: ['restart hello.service', "restart 'web@*'", 'restart --no-block node-exporter'],
    }),
  )
    .argument('<units...>', 'units of the cluster; globs and braces in quotes')
    .action((words: string[], options: WaitOptions, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const { units } = await cluster.api.units();
        const meant = selectUnits(units, words, ({ placements }) => placements.length > 0);
        const absent = meant.filter(({ placements }) => placements.length === 0);
        if (absent.length > 0) {
          throw new CommandFailed(absent.map((unit) => `${unit.name}: ${absence(unit)}`).join('\n'));
        }
        for (const unit of meant) await restartUnit(context, cluster, unit, options);
        return 0;
      }),
    );

async function restartUnit(
  context: Context,
  cluster: Cluster,
  unit: UnitView,
  options: WaitOptions,
): Promise<void> {
  const deadline = patience(options);
  const targets = [{ name: unit.name, targetState: 'launched' }] as const;
  const healthy = () =>
    deadline === undefined ||
    followStart(context, cluster, [unit], { targetState: 'launched', deadline, changed: true });
  if (unit.targetState === 'launched') {
    for (const machine of await whereabouts(cluster, unit)) {
      await restartOn(context, cluster, { machine, unit: unit.name, deadline });
      await healthy();
    }
  } else {
    const log = (line: string) => say(context, line);
    await persist(log, () => cluster.api.apply({ put: [], destroy: [], targets }));
    await healthy();
  }
  if (deadline === undefined) print(context, `Triggered unit ${unit.name} restart`);
  else await reportUnits(context, cluster, [unit.name]);
}

interface Restart {
  readonly machine: KnownMachine;
  readonly unit: string;
  readonly deadline: number | undefined;
}

/** What `timeout` ends with when the time has passed (timeout(1)). */
const timeoutPassed = 124;

async function restartOn(
  context: Context,
  cluster: Cluster,
  { machine, unit, deadline }: Restart,
): Promise<void> {
  const limit = deadline === undefined || !Number.isFinite(deadline) ? [] : ['timeout', String(deadline)];
  const noBlock = deadline === undefined ? ['--no-block'] : [];
  const argv = [...limit, 'systemctl', 'restart', ...noBlock, '--', unit];
  const status = await runTool(context, cluster, { machine, argv, purpose: `restart ${unit}` });
  if (status === 0) return;
  const more = `\`flotilla status ${unit}\` and \`flotilla journal ${unit}\` tell more`;
  if (status === timeoutPassed && limit.length > 0) {
    const late = `${unit} was not up on ${machine.name} again after ${deadline} s`;
    throw new CommandFailed(`${late}; ${more}, or wait longer with --timeout`, timedOut);
  }
  throw new CommandFailed(
    `systemctl restart ${unit} ended with ${status} on ${machine.name}; ${more}`,
    status === interrupted ? interrupted : failed,
  );
}
