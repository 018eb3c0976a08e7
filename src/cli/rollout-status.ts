import type { Command } from 'commander';
import type { RolloutView } from '../model/api.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { findRollout } from './find-rollout.ts';
import { painter, print, printJson } from './say.ts';
import { type Cell, renderTable, type Style } from './table.ts';

const styles: Readonly<Record<RolloutView['state'], Style>> = {
  running: 'yellow',
  paused: 'yellow',
  complete: 'green',
  'rolling-back': 'red',
  'rolled-back': 'red',
  failed: 'red',
};

export const rolloutStatus: Verb = (context) =>
  verb('status', {
    summary: 'show rollouts, how far they are, and why one failed',
    description:
      'One line a rollout; for one that failed, also the instance, its machine and its last journal lines.\n\n' +
      'With --json: [{name, state, updated, total, reason, failure: {unit, machine, journal} | null}].',
    examples: ['rollout status', 'rollout status web@.service'],
  })
    .argument('[rollout]', 'the template or global unit; all when it is left out')
    .option('--json', 'JSON for scripts')
    .action((word: string | undefined, options: { json?: boolean }, command: Command) =>
      withCluster(context, command, async ({ api }) => {
        const { rollouts } = await api.rollouts();
        const shown = word === undefined ? rollouts : [findRollout(rollouts, word)];
        if (options.json) {
          printJson(
            context,
            shown.map((view) => ({ ...view, failure: view.failure ?? null })),
          );
          return 0;
        }
        if (shown.length === 0) print(context, 'There is no rollout.');
        else context.terminal.stdout.write(renderTable(tableOf(shown), painter(context)));
        for (const view of shown) for (const line of failureLines(view)) print(context, line);
        return 0;
      }),
    );

function tableOf(rollouts: readonly RolloutView[]): readonly (readonly Cell[])[] {
  return [
    ['ROLLOUT', 'STATE', 'UPDATED', 'WHY'].map((text) => ({ text })),
    ...rollouts.map(({ name, state, updated, total, reason }) => [
      { text: name },
      { text: state, style: styles[state] },
      { text: `${updated}/${total}` },
      { text: reason },
    ]),
  ];
}

function failureLines({ failure }: RolloutView): readonly string[] {
  if (!failure) return [];
  const { unit, machine, journal } = failure;
  // One that only was not ready in time left no last words.
  if (journal.length === 0)
    return ['', `${unit} failed on ${machine}; \`flotilla journal ${unit}\` shows more`];
  return ['', `${unit} failed on ${machine}:`, ...journal.map((line) => `  ${line}`)];
}
