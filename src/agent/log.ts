/** One event, one line. Journald adds the time. */
export type Log = (line: string) => void;

/** What an error says, for a line of the log. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
