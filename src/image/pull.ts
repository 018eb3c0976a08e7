import type { Docker } from './docker.ts';
import { pathOf, type Reference } from './reference.ts';

/** What a machine's Docker pulls, and where from. */
export interface Pull {
  readonly reference: Reference;
  /** The image's id, as Docker has it when it was pulled. */
  readonly id: string;
  /** Of its manifest. */
  readonly digest: string;
  /** A registry on the machine's 127.0.0.1. */
  readonly port: number;
  /** The registry's password, and the name to log in with. */
  readonly secret: string;
  readonly user: string;
}

/** Under the registry's name first, since that is what is pulled, and then under its own alone. */
export async function pullImage(
  docker: Docker,
  { reference, id, digest, port, secret, user }: Pull,
  onLayer: Parameters<Docker['pull']>[1],
  signal: AbortSignal,
): Promise<void> {
  const repository = `127.0.0.1:${port}/${pathOf(reference)}`;
  await docker.pull({ repository, digest, user, secret }, onLayer, signal);
  await docker.tag(id, reference.repository, reference.tag, signal);
  await docker.untag(`${repository}@${digest}`, signal);
}
