import type { RolloutView } from '../model/api.ts';
import { templateOf } from '../unit/name.ts';
import { CommandFailed, wrongUsage } from './failure.ts';
import { unitName } from './unit-words.ts';

/** The rollout of a template, named by the template or one of its instances, or of a global unit. */
export function findRollout(rollouts: readonly RolloutView[], word: string): RolloutView {
  const name = unitName(word);
  const found = rollouts.find((view) => view.name === name || view.name === templateOf(name));
  if (found) return found;
  throw new CommandFailed(`there is no rollout of ${name}; known: ${names(rollouts)}`);
}

/** The only rollout in one of the states, for a user who named none. */
export function onlyRollout(
  rollouts: readonly RolloutView[],
  fit: readonly RolloutView['state'][],
): RolloutView {
  const [first, ...others] = rollouts.filter(({ state }) => fit.includes(state));
  if (first && others.length === 0) return first;
  if (!first)
    throw new CommandFailed(`no rollout is ${fit.join(' or ')}; \`flotilla rollout status\` shows all`);
  throw new CommandFailed(`say which rollout: ${names([first, ...others])}`, wrongUsage);
}

function names(rollouts: readonly RolloutView[]): string {
  return rollouts.map(({ name }) => name).join(', ') || 'none';
}
