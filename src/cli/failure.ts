/** A failure that the command expects: shown as one line, without a stack. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  /** 1: it could not be done; 2: it was asked in the wrong way. */
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}
