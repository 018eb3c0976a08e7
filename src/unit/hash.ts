import { createHash } from 'node:crypto';
import type { UnitOption } from './parse.ts';
import { serialiseOptions } from './serialise.ts';

/** Name of a unit file's contents in the store: sha256 of its UTF-8 bytes, 64 lower-case hex digits. */
export function hashOf(contents: string | Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

/** The hash `/fleet/v1` shows: SHA-1 of the serialised options, so comments and blank lines do not change it. */
export function fleetHashOf(options: readonly UnitOption[]): string {
  return createHash('sha1').update(serialiseOptions(options)).digest('hex');
}
