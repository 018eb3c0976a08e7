import type { Command } from 'commander';
import type { UnitView } from '../model/api.ts';
import { certificateLine } from './certificate-line.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { absence, whereabouts } from './lookup.ts';
import { runTool } from './run-tool.ts';
import { selectUnits } from './select-units.ts';

/** systemctl's own exit status for a unit that is not active (systemctl(1), "Exit status"). */
const notActive = 3;

export const status: Verb = (context) =>
  verb('status', {
    summary: "show systemd's status of a unit on its machines",
    description:
      'Runs `systemctl status -l` on every machine that has the unit. For a pending unit it says why, and of a ' +
      'certificate until when it is good.\n\n' +
      "The exit status is systemctl's: 0 active, 3 not active or pending; with several the first that is not 0. " +
      '1 means that the question could not be asked.',
    examples: ['status hello.service', 'status web@1 web@2', "status 'web@*'"],
  })
    .argument('<units...>', 'units of the cluster; globs and braces in quotes')
    .action((words: string[], _: unknown, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const { units } = await cluster.api.units();
        const wanted = selectUnits(units, words, ({ targetState }) => targetState !== 'inactive');
        let first = 0;
        for (const [index, unit] of wanted.entries()) {
          if (index > 0) context.terminal.stdout.write('\n');
          const result = await statusOf(context, cluster, unit);
          if (first === 0) first = result;
        }
        return first;
      }),
    );

async function statusOf(context: Context, cluster: Cluster, unit: UnitView): Promise<number> {
  const { stdout } = context.terminal;
  const machines = await whereabouts(cluster, unit);
  if (machines.length === 0) {
    stdout.write(`${unit.name}: ${absence(unit)}\n`);
    return notActive;
  }
  let first = 0;
  for (const machine of machines) {
    if (machines.length > 1) stdout.write(`== ${machine.name}\n`);
    const argv = ['systemctl', 'status', '-l', '--no-pager', '--', unit.name];
    const result = await runTool(context, cluster, { machine, argv, purpose: `show ${unit.name}` });
    if (first === 0) first = result;
    const { certificate } = unit.states.find(({ machineId }) => machineId === machine.id) ?? {};
    if (certificate) stdout.write(`Certificate: ${certificateLine(certificate)}\n`);
  }
  return first;
}
