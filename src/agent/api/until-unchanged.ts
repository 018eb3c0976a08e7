import { ApiError } from './api-error.ts';

/** Times that others may be faster before this one gives up. */
const attempts = 5;

/**
 * Tries again, from what is there then, while others change at the same time what was decided from; undefined says
 * that they did.
 * @throws {ApiError} 409 with `refusal` when they keep doing so.
 */
export async function untilUnchanged<T extends object>(
  attempt: (first: boolean) => Promise<T | undefined>,
  refusal: string,
): Promise<T> {
  for (let tried = 0; tried < attempts; tried++) {
    const done = await attempt(tried === 0);
    if (done !== undefined) return done;
  }
  throw new ApiError(409, refusal);
}
