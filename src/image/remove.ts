import { Docker } from './docker.ts';
import { type PushMachine, placesOf } from './look.ts';

/**
 * Takes an image's name from a machine, and the image with it where it has no other.
 *
 * @param id only of this image; undefined for whichever has the name
 * @returns whether there was one
 * @throws what Docker says, such as that a container uses it
 */
export async function removeImage(
  machine: PushMachine,
  name: string,
  id?: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const docker = new Docker(await machine.connect(), placesOf(machine).docker);
  const named = (await docker.images(signal)).find(({ names }) => names.includes(name));
  if (named === undefined || (id !== undefined && named.id !== id)) return false;
  await docker.remove(name, signal);
  return true;
}
