import type { Command } from 'commander';
import type { PlanReply } from '../model/api.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { painter, print, printJson } from './say.ts';
import { type Cell, nothing, renderTable } from './table.ts';
import { wholeNumber } from './wait-options.ts';

interface Options {
  readonly maxMoves: number;
  readonly json?: boolean;
}

export const rebalance: Verb = (context) =>
  verb('rebalance', {
    summary: 'move units from the fullest machines to the emptiest, one time',
    description:
      'Flotilla moves no healthy unit by itself. This moves some, each of which stops on one machine and starts on ' +
      'another. Prints what the engine will do; `flotilla events -f` shows it being done.\n\n' +
      'With --json: {moves: [{unit, machine, reason}], pending: [{unit, reason}]}.',
    examples: ['rebalance --max-moves 3'],
  })
    .requiredOption('--max-moves <number>', 'how many units may move at most', wholeNumber(1))
    .option('--json', 'JSON for scripts')
    .action(({ maxMoves, json }: Options, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const plan = await api.rebalance({ maxMoves });
        if (json) printJson(context, plan);
        else if (plan.moves.length === 0)
          print(context, 'Nothing to move: the machines are as even as they get.');
        else context.terminal.stdout.write(renderTable(tableOf(plan), painter(context)));
        return 0;
      }),
    );

function tableOf({ moves, pending }: PlanReply): readonly (readonly Cell[])[] {
  return [
    ['UNIT', 'TO', 'WHY'].map((text) => ({ text })),
    ...moves.map(({ unit, machine, reason }) => [
      { text: unit },
      machine === undefined ? nothing : { text: machine },
      { text: reason },
    ]),
    ...pending.map(({ unit, reason }) => [
      { text: unit },
      nothing,
      { text: `pending: ${reason}`, style: 'yellow' as const },
    ]),
  ];
}
