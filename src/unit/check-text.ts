import type { Flaw } from './problem.ts';

/** 1 MiB: systemd's limit for one line, and two thirds of what etcd takes in one request (1.5 MiB). */
const maxFileBytes = 1024 * 1024;

export interface CheckedText {
  /** The text with LF line ends; undefined when the bytes are no text that could be parsed. */
  readonly text?: string;
  readonly flaws: readonly Flaw[];
}

/**
 * Reads a unit file's bytes as UTF-8. CRLF line ends are accepted and become LF, since editors and git on Windows
 * write them without being asked; what is stored and hashed is the LF form, so every reader agrees on it.
 */
export function readText(contents: string | Uint8Array): CheckedText {
  const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
  const refusal = flawOfBytes(bytes);
  if (refusal !== undefined) return { flaws: [refusal] };
  const text = decode(bytes).replaceAll('\r\n', '\n');
  const flaws = checkCharacters(text);
  if (flaws.length === 0 && text.trim() === '') {
    return {
      flaws: [{ rule: 'empty-file', message: 'file is empty', fix: 'write the unit or delete the file' }],
    };
  }
  return flaws.some(({ rule }) => rule === 'encoding') ? { flaws } : { text, flaws };
}

/** Why they are no text that could be parsed. */
function flawOfBytes(bytes: Uint8Array): Flaw | undefined {
  if (bytes.length > maxFileBytes) {
    const message = `file has ${bytes.length} bytes`;
    return {
      rule: 'file-size',
      message,
      fix: `the limit is ${maxFileBytes}; a unit is not the place for data`,
    };
  }
  const line = firstBrokenLine(bytes);
  if (line === undefined) return undefined;
  return { rule: 'encoding', line, message: 'bytes that are not UTF-8 text', fix: 'save the file as UTF-8' };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function firstBrokenLine(bytes: Uint8Array): number | undefined {
  let line = 1;
  for (let start = 0; start <= bytes.length; line += 1) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    try {
      decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return undefined;
}

const forbidden: readonly (Omit<Flaw, 'line'> & { readonly char: string })[] = [
  { char: '\ufeff', rule: 'encoding', message: 'byte order mark', fix: 'save the file as UTF-8 without BOM' },
  {
    char: '\0',
    rule: 'encoding',
    message: 'NUL byte',
    fix: 'this is not a text file; remove it from the folder',
  },
  { char: '\r', rule: 'line-end', message: 'carriage return without a newline', fix: 'end lines with LF' },
];

function checkCharacters(text: string): Flaw[] {
  return forbidden.flatMap(({ char, ...flaw }) => {
    const at = text.indexOf(char);
    return at === -1 ? [] : [{ ...flaw, line: text.slice(0, at).split('\n').length }];
  });
}
