import { templateOf } from './name.ts';
import type { Requirements } from './requirements.ts';

/** What a unit rolls with: its template, or itself when it is global. undefined for units that change at once. */
export function rolloutGroup(unit: string, { global }: Pick<Requirements, 'global'>): string | undefined {
  return templateOf(unit) ?? (global ? unit : undefined);
}
