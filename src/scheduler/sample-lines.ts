import { schedule } from './schedule.ts';
import type { Decision, Snapshot } from './snapshot.ts';

/** What a schedule says, as the lines a user would read: `-` leaves, `+` comes, `?` pending, `!` stays against its will; for tests. */
export function sampleLines(snapshot: Snapshot): string[] {
  const { decisions, pending, staying } = schedule(snapshot);
  return [
    ...decisions.map(lineOf),
    ...pending.map(({ unit, reason }) => `? ${unit}: ${reason}`),
    ...staying.map(({ unit, machineId, reason }) => `! ${unit} ${nameOf(machineId)}: ${reason}`),
  ];
}

/** One decision as such a line. */
export function lineOf(decision: Decision): string {
  if (decision.type === 'remove')
    return `- ${decision.unit} ${nameOf(decision.machineId)}: ${decision.reason}`;
  const { unit, machineId, reason } = decision.placement;
  return `+ ${unit} ${nameOf(machineId)}: ${reason}`;
}

/** The name that `sampleMachine` gave the machine with this id. */
function nameOf(machineId: string): string {
  return `core-${Number(machineId.slice(0, 8))}`;
}
