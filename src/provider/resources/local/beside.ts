import { readdir } from 'node:fs/promises';
import { upCommand } from '../../../model/up-command.ts';
import { generationOf, machinesFolder } from '../../../qemu/paths.ts';

/**
 * Why a machine of this generation can't come up beside its other lives; undefined when it can. There are addresses for
 * two lives in turn (`hostOf` in src/config/addresses.ts), and published ports lead to a generation and the one before.
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
  const later = others.find((each) => each > generation);
  if (later !== undefined)
    return `${name} of generation ${later} is there already, and a generation never goes down: put generation: ${later} back, and let ${upCommand()} end`;
  const holder = others.find((each) => each < generation - 1);
  if (holder === undefined) return undefined;
  return `${name} of generation ${generation} can't come while its generation ${holder} is still there: raise the generation: of its group by one at a time, and let ${upCommand()} end before the next one`;
}
