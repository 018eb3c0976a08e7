import { codeOf } from './failure.ts';
import type { Settings } from './settings.ts';

/** Seconds between two tries of the stock plugin's SDK: twice as long each time, up to this. */
const longest = 20;

/** 5xx that no time heals: the stock plugin tells it at once. */
const final: ReadonlySet<string> = new Set(['InsufficientInstanceCapacity']);

/** What the AWS SDK knows of the tries of a call. */
interface RetryToken {
  getRetryCount(): number;
  /** Milliseconds before this one. */
  getRetryDelay(): number;
}

interface RetryErrorInfo {
  /** `CLIENT_ERROR`, or one that time may heal: throttling, 5xx, no answer. */
  readonly errorType: string;
  readonly error?: unknown;
}

/** Repeats what the AWS SDK for Go repeats in its standard mode: throttling, 5xx, and what had no answer. */
export class Retries {
  readonly #settings: Pick<Settings, 'maxRetries' | 'pace'>;

  constructor(settings: Pick<Settings, 'maxRetries' | 'pace'>) {
    this.#settings = settings;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return tokenOf(0, 0);
  }

  /** @throws Error when it is not to be repeated; the SDK then throws what it got */
  async refreshRetryTokenForRetry(
    token: RetryToken,
    { errorType, error }: RetryErrorInfo,
  ): Promise<RetryToken> {
    const count = token.getRetryCount() + 1;
    if (errorType === 'CLIENT_ERROR' || final.has(codeOf(error)))
      throw new Error('there is no use in trying again');
    if (count > this.#settings.maxRetries) throw new Error('it was tried often enough');
    return tokenOf(count, Math.min(longest, 2 ** (count - 1)) * 1000 * this.#settings.pace);
  }

  recordSuccess(): void {}
}

function tokenOf(count: number, delay: number): RetryToken {
  return { getRetryCount: () => count, getRetryDelay: () => delay };
}
