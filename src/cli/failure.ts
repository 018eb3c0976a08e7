/** Exit statuses, beside those of programs that run on machines; docs/cli.md lists them. */
export const failed = 1;
export const wrongUsage = 2;
export const timedOut = 3;
export const unreachable = 4;
/** What shells say for a program that Ctrl-C ended: 128 + SIGINT. */
export const interrupted = 130;

/** A failure that the command expects: shown without a stack. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  /** One of the above. */
  readonly status: number;

  constructor(message: string, status = failed, options: ErrorOptions = {}) {
    super(message, options);
    this.status = status;
  }
}
