import * as pulumi from '@pulumi/pulumi';
import type { CheckedUnit } from '../unit/check.ts';

/** A line for each image that units name and nobody here brings. */
export function unofferedImages(
  units: readonly Pick<CheckedUnit, 'name' | 'flotilla'>[],
  offered: ReadonlySet<string>,
): string[] {
  const firstUnit = new Map<string, string>();
  for (const { name, flotilla } of units)
    for (const image of flotilla.images ?? [])
      if (!offered.has(image) && !firstUnit.has(image)) firstUnit.set(image, name);
  return [...firstUnit].map(
    ([image, unit]) =>
      `${unit} names the image ${image}, which is none of the program's: it waits until somebody brings it, by \`flotilla image push\``,
  );
}

/** It is no mistake, since images may be pushed by hand; but of a name that is misspelt nobody would hear. */
export function warnOfImages(
  units: readonly Pick<CheckedUnit, 'name' | 'flotilla'>[],
  offered: ReadonlySet<string>,
): void {
  for (const line of unofferedImages(units, offered)) void pulumi.log.warn(line);
}
