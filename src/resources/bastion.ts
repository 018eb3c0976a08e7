import { InvalidInput } from '../model/problem.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import { BastionError } from '../ssh/errors.ts';

/**
 * Whether the bastion proves its host key and lets the operator in, asked before anything is declared: else machines
 * would be there already when the first connection to one of them is refused. One of the cluster's own is left to its
 * platform, which looks at all of them first, and may log in there by the stack's key too.
 *
 * @throws InvalidInput when it can't be used
 */
export async function checkBastion(jump: ProxyJump | undefined): Promise<void> {
  if (jump === undefined || jump.inCluster) return;
  // SSH takes a tenth of a second to load, which nobody else needs to wait for.
  const [{ connectBastion }, { connect }] = await Promise.all([
    import('../ssh/bastion.ts'),
    import('../ssh/connect.ts'),
  ]);
  try {
    const connection = await connectBastion(jump, { user: jump.user, privateKey: '' }, connect);
    await connection.close();
  } catch (error) {
    if (!(error instanceof BastionError)) throw error;
    throw new InvalidInput('The bastion cannot be used; nothing was changed:', [error.found]);
  }
}
