import type { Clock } from '../../../src/store/clock.ts';
import { ApiError } from './answer.ts';

/** Calls that a token may make (API reference, "Rate Limit"). */
export interface RateLimits {
  readonly hour: number;
  readonly minute: number;
}

export const usualLimits: RateLimits = { hour: 5000, minute: 250 };

const minute = 60_000;
const hour = 60 * minute;

/** Each call counts for an hour from its own time on. */
export class RateLimit {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  #calls: number[] = [];

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Counts a call. */
  count(): void {
    const now = this.#clock.now();
    this.#calls = [...this.#calls.filter((at) => at > now - hour), now];
  }

  headers(): Record<string, string> {
    const [oldest = this.#clock.now()] = this.#calls;
    const left = this.#retryAfter() > 0 ? 0 : Math.max(0, this.#limits.hour - this.#calls.length);
    return {
      'ratelimit-limit': String(this.#limits.hour),
      'ratelimit-remaining': String(left),
      'ratelimit-reset': String(Math.ceil((Date.now() + oldest + hour - this.#clock.now()) / 1000)),
    };
  }

  /** @throws ApiError 429 */
  check(): void {
    const wait = this.#retryAfter();
    if (wait > 0) throw new ApiError(429, undefined, { 'retry-after': String(Math.ceil(wait / 1000)) });
  }

  /** Milliseconds until a call is allowed; 0 or less when it is. */
  #retryAfter(): number {
    const now = this.#clock.now();
    const within = (span: number, most: number) => {
      const calls = this.#calls.filter((at) => at > now - span);
      return calls.length > most ? (calls[calls.length - most] ?? now) + span - now : 0;
    };
    return Math.max(within(minute, this.#limits.minute), within(hour, this.#limits.hour));
  }
}
