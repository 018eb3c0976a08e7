import type { Command, CommandResult } from './connection.ts';
import { programName } from './script.ts';

/**
 * How a command failed that ended with another status than 0, with what it said last.
 *
 * @param linesShown lines of its complaint that are shown: the cause is in the last ones
 */
export function commandFailure(
  command: Command,
  machine: string,
  { status, stderr }: Pick<CommandResult, 'status' | 'stderr'>,
  linesShown = 3,
): string {
  const lines = stderr.trim().split('\n').slice(-linesShown);
  const said = lines.join('; ') || 'it said nothing';
  return `${programName(command)} on ${machine} ended with status ${status}: ${said.replace(/\.$/, '')}`;
}
