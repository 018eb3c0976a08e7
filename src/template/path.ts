import { posix } from 'node:path';

/** Go's path.Clean: no double slashes, no `.` and `..`, no slash at the end; `.` for nothing. */
export function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** Go's path.Base: the last part. `.` for nothing, `/` for nothing but slashes. */
export function base(path: string): string {
  if (path === '') return '.';
  return path.replace(/\/+$/, '').split('/').at(-1) || '/';
}

/** Go's path.Dir: all but the last part, cleaned. */
export function dir(path: string): string {
  return clean(path.slice(0, path.lastIndexOf('/') + 1));
}
