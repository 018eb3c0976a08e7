import { ApiError } from './api-error.ts';

/** Bytes of bodies that are kept at once: two of the longest. A machine's memory is its units'. */
const together = 20 * 1024 * 1024;

/**
 * How much of all requests' bodies an agent keeps in memory. Clients that begin long bodies and never end them would
 * otherwise take all there is, each of them within its own limit.
 */
export class BodyBudget {
  #left = together;

  /** For one request, until its answer is sent. */
  share(): BodyShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (bytes > this.#left) {
          throw new ApiError(503, 'other requests have long bodies just now; try again in a moment');
        }
        this.#left -= bytes;
        taken += bytes;
      },
      giveBack: () => {
        this.#left += taken;
        taken = 0;
      },
    };
  }
}

export interface BodyShare {
  /** @throws {ApiError} 503 when there is not that much left. */
  take(bytes: number): void;
  giveBack(): void;
}
