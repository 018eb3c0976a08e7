import type { Command } from 'commander';
import type { ExplainReply } from '../model/api.ts';
import { isTemplate } from '../unit/name.ts';
import { certificateLine } from './certificate-line.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { findUnit } from './lookup.ts';
import { painter, print, printJson } from './say.ts';
import { type Cell, renderTable } from './table.ts';

export const explain: Verb = (context) =>
  verb('explain', {
    summary: 'say why a unit is where it is, and what every machine says to it',
    description:
      'Asks the scheduler: where the unit is and why, or why it waits, and for each machine whether the unit could ' +
      'go there.\n\nWith --json: {unit, targetState, placements: [{machine, reason, trouble, waiting, template, ' +
      'certificate: {until, problem}}], pending, machines: [{machine, fits, reason}]}.',
    examples: ['explain web@1', 'explain --json web@1'],
  })
    .argument('<unit>', 'name of the unit; without a type it is a service')
    .option('--json', 'JSON for scripts')
    .action((word: string, options: { json?: boolean }, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const { units } = await api.units();
        const { name } = findUnit(units, word);
        if (isTemplate(name)) {
          throw new CommandFailed(`${name} is a template, which goes to no machine; name an instance`);
        }
        const reply = await api.explain(name);
        if (options.json) printJson(context, { ...reply, pending: reply.pending ?? null });
        else show(context, reply);
        return 0;
      }),
    );

function show(context: Context, reply: ExplainReply): void {
  for (const line of summary(reply)) print(context, `${reply.unit}: ${line}`);
  const legend = ['MACHINE', 'FITS', 'WHY'].map((text): Cell => ({ text }));
  const rows = reply.machines.map(({ machine, fits, reason }): Cell[] => [
    { text: machine },
    fits ? { text: 'yes', style: 'green' } : { text: 'no', style: 'red' },
    { text: reason },
  ]);
  if (rows.length === 0) return;
  context.terminal.stdout.write(`\n${renderTable([legend, ...rows], painter(context))}`);
}

function summary({ targetState, placements, pending }: ExplainReply): readonly string[] {
  if (placements.length > 0) {
    return placements.flatMap(({ machine, reason, trouble, waiting, template, certificate }) => [
      `${targetState} on ${machine}: ${reason}`,
      ...(trouble === undefined ? [] : [`${trouble}, on ${machine}`]),
      ...(waiting === undefined ? [] : [`not started on ${machine}: ${waiting}`]),
      ...(template === undefined ? [] : [`template on ${machine}: ${template}`]),
      ...(certificate === undefined ? [] : [`certificate on ${machine}: ${certificateLine(certificate)}`]),
    ]);
  }
  if (targetState === 'inactive') return ['inactive, so no machine has it'];
  return [`pending: ${pending ?? 'the engine has not placed it yet'}`];
}
