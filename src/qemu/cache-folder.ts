import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where this user's stacks share what was made once: `$XDG_CACHE_HOME/flotilla/<kind>`, by default under ~/.cache
 * (XDG Base Directory Specification).
 */
export function cacheFolder(
  kind: 'images' | 'templates' | 'packages' | 'containers',
  env: NodeJS.ProcessEnv = process.env,
): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'flotilla', kind);
}
