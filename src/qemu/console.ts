import { readFile } from 'node:fs/promises';
import { plainText } from '../model/plain-text.ts';

/** Everything the machine's serial console said since its start, as plain lines. */
export async function readConsole(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return plainLines(text);
}

/** Without terminal control, carriage returns, NULs and empty lines. */
export function plainLines(text: string): string[] {
  return text
    .split(/\r*\n/)
    .map((line) => plainText(line).trimEnd())
    .filter((line) => line !== '');
}

/** The lines up to the one that says the guest's kernel died, if it did: the cause stands above, the stack below. */
export function untilPanic(lines: readonly string[]): readonly string[] | undefined {
  const index = lines.findIndex((line) => line.includes('Kernel panic - not syncing'));
  return index === -1 ? undefined : lines.slice(0, index + 1);
}
