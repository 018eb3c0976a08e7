import { types } from 'node:util';

/** What an error says, for a line of a log or the end of another message. Its class may be another realm's. */
export function messageOf(error: unknown): string {
  return error instanceof Error || types.isNativeError(error) ? error.message : String(error);
}

/** "what failed: why: why that", each cause once. */
export function messageWithCauses(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error);
  const cause = error.cause === undefined ? '' : messageWithCauses(error.cause);
  return cause && !error.message.includes(cause) ? `${error.message}: ${cause}` : error.message;
}
