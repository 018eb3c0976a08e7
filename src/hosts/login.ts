import * as z from 'zod';
import { proxyJumpSchema } from '../model/proxy-jump.ts';
import type { ConnectOptions } from '../ssh/connect.ts';
import type { Connection, SshTarget } from '../ssh/connection.ts';
import { AuthenticationError } from '../ssh/errors.ts';
import { operatorIdentity } from '../ssh/identity.ts';
import type { Connect } from '../ssh/pool.ts';

/** How a host is reached, as the program says it. */
export const reachSchema = z.object({
  address: z.string(),
  port: z.number(),
  user: z.string(),
  hostKey: z.string(),
  proxyJump: proxyJumpSchema.optional(),
});

export type Reach = z.output<typeof reachSchema> & {
  readonly name: string;
  readonly identityFile?: string | undefined;
};

/** As the operator, by a key that never gets into config or state. */
export async function operatorTarget({ name, address, ...reach }: Reach): Promise<SshTarget> {
  const { port, user, hostKey, identityFile, proxyJump } = reach;
  const identity = await operatorIdentity(identityFile, 'flotilla:hosts.identityFile');
  return { name, host: address, port, user, hostKey, ...identity, proxyJump };
}

/** As the account that Flotilla made there. */
export function stackTarget(
  { name, address, port, hostKey, proxyJump }: Reach,
  user: string,
  privateKey: string,
): SshTarget {
  return { name, host: address, port, user, hostKey, privateKey, proxyJump };
}

/** By the stack's key; where the host does not know it any more or not yet, or its account lost its rights, as the operator. */
export async function reachHost<T>(
  connect: Connect,
  reach: Reach,
  { user, privateKey }: { readonly user: string; readonly privateKey: string },
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
  isPowerless: (error: unknown) => boolean,
): Promise<T> {
  try {
    return await work(await connect(stackTarget(reach, user, privateKey), options));
  } catch (error) {
    if (!(error instanceof AuthenticationError) && !isPowerless(error)) throw error;
    return await work(await connect(await operatorTarget(reach), options));
  }
}
