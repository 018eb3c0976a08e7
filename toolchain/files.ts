import { readFileSync } from 'node:fs';

/** What "there is no such file" looks like; ESRCH is what /proc says when a process ends while it is looked at. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

/** Text of a file, undefined when there is none. All other failures are thrown. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}
