import type { Duplex } from 'node:stream';
import { bastionName, type ProxyJump } from '../model/proxy-jump.ts';
import type { Connection, SshTarget } from './connection.ts';
import { BastionError } from './errors.ts';

/** Where the stack config names the bastion. */
export const setting = 'flotilla:proxyJump';

export const unansweredFix =
  'see that the bastion runs and that its SSH is reached from here, or correct flotilla:proxyJump';

/** Nothing was heard of what is behind it either, so no word of this is about that. */
export function unanswered(jump: ProxyJump, seconds: number): BastionError {
  const problem = `${bastionName(jump)} did not answer within ${Math.ceil(seconds)} s`;
  return new BastionError({ path: setting, problem, fix: unansweredFix });
}

/**
 * What the bastion dials, as if it had been dialed from here.
 *
 * @throws BastionError when the bastion forwards nothing there: it will not do so next time either
 */
export async function throughBastion(
  bastion: Connection,
  target: Pick<SshTarget, 'host' | 'port'>,
  signal: AbortSignal,
): Promise<Duplex> {
  const { host, port } = target;
  const { name, user, ...at } = bastion.target;
  try {
    const stream = await bastion.openPort(port, { host, signal });
    // Unlike a TCP connection, a channel is open for writing until both sides have closed it.
    stream.once('end', () => stream.end());
    return stream;
  } catch (error) {
    if (!isProhibited(error)) throw error;
    throw new BastionError({
      path: setting,
      problem: `${name} ${at.host}:${at.port} forbids ${user} to reach ${host}:${port}`,
      fix: 'allow it in its sshd_config (AllowTcpForwarding, PermitOpen, DisableForwarding) and in the options of your key in authorized_keys there',
    });
  }
}

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254 section 5.1). All other reasons may pass, as while a machine boots. */
const prohibited = 1;

function isProhibited(error: unknown): boolean {
  if (!(error instanceof Error) || !(error.cause instanceof Error)) return false;
  return 'reason' in error.cause && error.cause.reason === prohibited;
}
