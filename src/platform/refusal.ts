/** What a cloud says when it refuses something, in words that a user can act on. */
export interface Refusal {
  /** The cloud's words, or its plugin's, anywhere in the message. */
  readonly says: RegExp;
  /** What that means, as a clause. */
  readonly cause: string;
  /** What to do about it, as an imperative. */
  readonly next: string;
}

/** The first row that fits: rows that say more stand before those that say less. */
export function findRefusal(rows: readonly Refusal[], message: string): Refusal | undefined {
  return rows.find(({ says }) => says.test(message));
}
