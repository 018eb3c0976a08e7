import { extname, join } from 'node:path';

/**
 * Where Flotilla's own files are. A clone runs its TypeScript as it is; in an installed package the same tree lies
 * compiled in `dist` (tsconfig.build.json), since Node strips no types below node_modules.
 */
export const isPackage = extname(import.meta.filename) === '.js';

/** The clone, or the folder of the package. */
export const ownFolder = join(import.meta.dirname, ...(isPackage ? ['..', '..', '..'] : ['..', '..']));

/** The root of what runs: `src/agent/main.ts`, or `.js`, is below it. */
export const sourceFolder = join(import.meta.dirname, '..', '..');

/** The name that a source file has where it runs. */
export function sourceFile(name: string): string {
  return isPackage ? name.replace(/\.ts$/, '.js') : name;
}
