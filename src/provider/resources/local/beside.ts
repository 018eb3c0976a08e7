import { readdir } from 'node:fs/promises';
import { generationOf, machinesFolder } from '../../../qemu/paths.ts';

/**
 * Why a machine of this generation can't come up beside its former lives; undefined when it can. An address has two turns
 * (`hostOf` in src/config/addresses.ts), so the new one's is that of the last generation but one.
 */
export async function inTheWay(
  stackFolder: string,
  name: string,
  generation: number,
): Promise<string | undefined> {
  const lives = await readdir(machinesFolder(stackFolder)).catch(() => []);
  const others = lives
    .flatMap((life) => generationOf(name, life) ?? [])
    .filter((each) => each !== generation);
  const holder = others.find((each) => (each - generation) % 2 === 0);
  if (holder === undefined) return undefined;
  return `${name} of generation ${generation} would have the address of its generation ${holder}, which is still there: raise the generation: of its group by one at a time, and let \`npm run up\` end before the next one`;
}
