/** Takes one line of progress for the user, without a line end. */
export type Log = (line: string) => void;
