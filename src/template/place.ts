/** The text of a template, and the file that people know it by. */
export interface Source {
  /** Path as the user gave it. */
  readonly file: string;
  readonly text: string;
}

/** Where something stands in a source. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** @param offset into `text`, as JavaScript counts */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return { line, column: [...before.slice(start)].length + 1 };
}
