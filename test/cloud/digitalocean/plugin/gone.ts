import { ApiFailure } from './client.ts';

export function isGone(error: unknown): boolean {
  return error instanceof ApiFailure && error.status === 404;
}

/** Undefined where the API says 404. */
export async function unlessGone<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
