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
  /** What happened, without the advice: for who looks what came of it by itself. */
  readonly what: string;

  /** @param look a clause that says what shows whether it was made */
  constructor(what: string, look: string, options: ErrorOptions = {}) {
    super(`${what}; ${look} whether it was done all the same`, options);
    this.what = what;
  }
}

/** Agents that restart are silent for a moment, or can't reach the store: asking later may help. */
export function isOutage(error: unknown): error is NoAnswer | ApiError {
  return error instanceof NoAnswer || (error instanceof ApiError && error.status >= 500);
}

/** Gateway errors: an agent that can't reach the store just now. */
const storeAway: ReadonlySet<number> = new Set([502, 503, 504]);

/** This agent can't reach the store just now; another one may. */
export function lacksStore(error: unknown): boolean {
  return error instanceof ApiError && storeAway.has(error.status);
}

/** Agents can be reached, and the store can't be by any that was asked. */
export function isStoreOutage(error: unknown): error is Error {
  if (!(error instanceof NoAnswer)) return lacksStore(error);
  return error.cause instanceof AggregateError && error.cause.errors.some(lacksStore);
}
