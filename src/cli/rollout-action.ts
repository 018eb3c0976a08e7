import type { Command } from 'commander';
import { type RolloutAction, rolloutActions } from '../model/rollout.ts';
import { type Verb, type VerbText, verb, withCluster } from './command.ts';
import { findRollout, onlyRollout } from './find-rollout.ts';
import { print } from './say.ts';

interface ActionText extends Omit<VerbText, 'examples'> {
  readonly action: RolloutAction;
}

/** `rollout pause`, `resume` or `undo`. */
export function rolloutAction({ action, ...text }: ActionText): Verb {
  const examples = [`rollout ${action}`, `rollout ${action} web@.service`];
  return (context) =>
    verb(action, { ...text, examples })
      .argument('[rollout]', 'the template or global unit; may be left out when only one is meant')
      .action((word: string | undefined, _: unknown, command: Command) =>
        withCluster(context, command, async ({ api }) => {
          const { rollouts } = await api.rollouts();
          const meant =
            word === undefined ? onlyRollout(rollouts, rolloutActions[action]) : findRollout(rollouts, word);
          const { name, state, updated, total, reason } = await api.onRollout(meant.name, action);
          print(context, `Rollout ${name} is ${state} (${updated}/${total}): ${reason}`);
          return 0;
        }),
      );
}
