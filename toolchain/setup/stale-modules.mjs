// Says whether node_modules is what package-lock.json asks for. Exit code 0: yes. 1: no, 2: that can't be told; the reason is on stdout.
// Plain JavaScript, because it runs before the Node that reads TypeScript is there.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

/** npm writes this file at the very end of an installation, so an interrupted one is noticed. */
const INSTALLED = 'node_modules/.package-lock.json';

/**
 * Compares what is asked for with what is installed.
 *
 * Packages of other platforms are `optional` in the lock file and absent from what is installed.
 *
 * @param {{dependencies?: object, devDependencies?: object}} manifest package.json
 * @param {{packages?: Record<string, {version?: string, optional?: boolean}>}} wanted package-lock.json, version 2 or 3
 * @param {{packages?: Record<string, {version?: string}>} | undefined} installed npm's record of what it installed
 * @returns {string | undefined} why an installation is due, undefined when none is
 */
export function staleReason(manifest, wanted, installed) {
  if (installed === undefined) return 'there are none yet, or their installation was interrupted';
  const { '': root, ...packages } = wanted.packages ?? {};
  for (const kind of ['dependencies', 'devDependencies']) {
    if (!isDeepStrictEqual(manifest[kind], root?.[kind]))
      return `package.json has other ${kind} than package-lock.json`;
  }
  for (const [path, entry] of Object.entries(packages)) {
    const found = installed.packages?.[path];
    if (found?.version !== entry.version && !(found === undefined && entry.optional)) {
      return `${path} is ${found?.version ?? 'missing'}, package-lock.json asks for ${entry.version}`;
    }
  }
  return undefined;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`${path} can't be read: ${error.message}`, { cause: error });
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    const reason = staleReason(readJson('package.json'), readJson('package-lock.json'), readJson(INSTALLED));
    if (reason !== undefined) console.log(reason);
    process.exitCode = reason === undefined ? 0 : 1;
  } catch (error) {
    console.log(error.message);
    process.exitCode = 2;
  }
}
