import * as z from 'zod';

/**
 * A list that may not have more than `most` elements. How many there are is asked before what they are: each one that
 * is wrong costs memory for its message. The bound stands twice: JSON Schema is made of the second half alone.
 */
export function listOf<Schema extends z.ZodType>(element: Schema, most: number) {
  return z.array(z.unknown()).max(most).pipe(z.array(element).max(most));
}
