import type { Span } from './image.ts';

/**
 * What a Range header asks for (RFC 9110 section 14.2). Undefined for the whole: without the header, and for several
 * ranges or other units, which a server may ignore. `'unsatisfiable'` for what lies past the end.
 */
export function parseRange(header: string | undefined, size: number): Span | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  const span =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size - 1 }
      : { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
  // Backwards is no range at all.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return span.start >= size || (first === '' && Number(last) === 0) ? 'unsatisfiable' : span;
}
