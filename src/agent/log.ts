/** One event, one line. Journald adds the time. */
export type Log = (line: string) => void;
