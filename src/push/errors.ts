/** An agent answered, and the answer is an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** No agent could be asked, or those that could hung up. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** A change was sent and no answer came: it may have been made or not. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
}

/** Agents that restart are silent for a moment, or can't reach the store: asking later may help. */
export function isOutage(error: unknown): error is NoAnswer | ApiError {
  return error instanceof NoAnswer || (error instanceof ApiError && error.status >= 500);
}
