import type { Verb } from './command.ts';
import { stoppingVerb } from './stopping-verb.ts';
import { waitUntilStopped } from './wait-for-units.ts';

export const stop: Verb = (context) =>
  stoppingVerb(context, {
    verb: 'stop',
    targetState: 'loaded',
    summary: 'stop units; their machines keep them',
    description:
      'The units keep their machines and can be started again. Waits until systemd has stopped them everywhere. A ' +
      'unit that is inactive has nothing to stop, and is refused: it would be given to a machine.',
    examples: ['stop hello.service', "stop 'web@*'", 'stop --no-block web@1 web@2'],
    refuse: ({ targetState }) => (targetState === 'inactive' ? 'is inactive: nothing to stop' : undefined),
    wait: waitUntilStopped,
  });
