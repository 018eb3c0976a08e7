import { stripVTControlCharacters } from 'node:util';

/** systemd resets the terminal with it, and Node doesn't know it (DECSTR). */
const softReset = '\u001b[!p';

/** What is left of control characters when the terminal's sequences are gone; tabs and line ends stay. */
const controlCharacters = /[^\P{Cc}\t\n]/gu;

/**
 * Text from a machine, fit for the operator's terminal: a unit's journal or a reason must not be able to write
 * over the screen of whoever reads it.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text.replaceAll(softReset, '')).replaceAll(controlCharacters, '');
}
