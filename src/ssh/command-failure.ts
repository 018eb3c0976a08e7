import type { Command, CommandResult } from './connection.ts';
import { programName } from './script.ts';

/** Lines of a program's complaint that are shown: the cause is in the last ones. */
const linesShown = 3;

/** How a command failed that ended with another status than 0, with what it said last. */
export function commandFailure(
  command: Command,
  machine: string,
  { status, stderr }: Pick<CommandResult, 'status' | 'stderr'>,
): string {
  const lines = stderr.trim().split('\n').slice(-linesShown);
  const said = lines.join('; ') || 'it said nothing';
  return `${programName(command)} on ${machine} ended with status ${status}: ${said.replace(/\.$/, '')}`;
}
