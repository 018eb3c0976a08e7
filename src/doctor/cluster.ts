import { upLine } from '../model/up-command.ts';
import { type Check, ok } from './check.ts';
import { machineCheck } from './machine.ts';
import type { StackState, Subject } from './subject.ts';
import { orWaiting } from './tools.ts';

/** Whether the state can be read, secrets included; and of a cluster that is up, each machine by itself. */
export function clusterChecks(subject: Subject): readonly Check[] {
  const { state } = subject;
  if (!state) return [];
  const up = machinesUp(state);
  return [
    stackCheck(state, subject),
    ...up.map(({ machine, connect }) => machineCheck(machine, subject.stack, connect)),
  ];
}

/** Empty unless a cluster is up. */
export function machinesUp(state: StackState | undefined) {
  if (state?.kind !== 'up') return [];
  const { machines, connect } = state.cluster;
  return machines.map((machine) => ({ machine, connect: () => connect(machine.name) }));
}

function stackCheck(state: StackState, subject: Subject): Check {
  const { stack } = subject;
  return {
    what: 'stack',
    why: 'its outputs say how the cluster is reached, and are secret',
    fix: `npx pulumi stack output --stack ${stack}`,
    async look(probes, signal) {
      if (state.kind === 'unreadable') return await orWaiting(state.why, subject, probes, signal);
      if (state.kind === 'down') return ok(`${stack} is not up; \`${upLine({ stack })}\` brings it up`);
      const { length } = state.cluster.machines;
      return ok(`${stack}: a cluster of ${length} ${length === 1 ? 'machine' : 'machines'} is up`);
    },
  };
}
