import { types } from 'node:util';

/** What an error says, for a line of a log or the end of another message. Its class may be another realm's. */
export function messageOf(error: unknown): string {
  return error instanceof Error || types.isNativeError(error) ? error.message : String(error);
}
