import type { Verb } from './command.ts';
import { verb } from './command.ts';
import { rolloutAction } from './rollout-action.ts';
import { rolloutStatus } from './rollout-status.ts';

const subVerbs: readonly Verb[] = [
  rolloutStatus,
  rolloutAction({
    action: 'pause',
    summary: 'change no more instances until it is resumed',
    description: 'Instances that are being changed just now are finished. The others keep their version.',
  }),
  rolloutAction({
    action: 'resume',
    summary: 'go on with a rollout that was paused',
    description: 'The next instances are changed, as many at a time as MaxUnavailable= allows.',
  }),
  rolloutAction({
    action: 'undo',
    summary: 'bring the last good version back',
    description:
      'Every instance gets the version before, by the same rules as any rollout. The next `up` brings the new one ' +
      'again, if it is still in the stack.',
  }),
];

export const rollout: Verb = (context) => {
  const command = verb('rollout', {
    summary: 'show and steer how changed templates and global units replace their instances',
    description:
      'A changed template or global unit replaces its instances a few at a time, and waits until the new ones are ' +
      'ready. When one fails, the version before comes back by itself, unless Rollback=no.',
    examples: ['rollout status', 'rollout pause web@.service', 'rollout undo web@'],
  }).usage('status|pause|resume|undo [name]');
  for (const sub of subVerbs) command.addCommand(sub(context));
  return command;
};
