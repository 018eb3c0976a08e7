import { messageOf } from '../model/message-of.ts';
import type { Problem } from '../model/problem.ts';
import { bastionName, type ProxyJump } from '../model/proxy-jump.ts';
import type { ConnectOptions } from './connect.ts';
import type { Connection, SshTarget } from './connection.ts';
import { AuthenticationError, BastionError, HostKeyError } from './errors.ts';
import { type Identity, NoIdentity, operatorIdentity } from './identity.ts';
import { pinOf } from './public-key.ts';
import { setting, unansweredFix } from './through-bastion.ts';

/** Seconds. A machine that was just made may still boot; a bastion is there, and all that is behind it waits longer. */
const deadline = 10;

/**
 * A connection to the bastion, as the operator. Where it is one of the cluster's machines, it lets in whoever logs in
 * on the machine behind it too: after the first `up` the stack's key is enough.
 *
 * @param behind who logs in on the machine that is to be reached through it
 * @throws BastionError when it can't be used
 */
export async function connectBastion(
  jump: ProxyJump,
  behind: Identity & Pick<SshTarget, 'user'>,
  connect: (target: SshTarget, options: ConnectOptions) => Promise<Connection>,
  options: Pick<ConnectOptions, 'log' | 'signal' | 'deadline'> = {},
): Promise<Connection> {
  const { address: host, port, hostKey, user } = jump;
  const dial = (login: Identity & Pick<SshTarget, 'user'>) =>
    connect({ name: 'the bastion', host, port, hostKey, ...login }, { deadline, ...options });
  try {
    return await dial({ user, ...(await operatorIdentity(jump.identityFile, `${setting}.identityFile`)) });
  } catch (error) {
    options.signal?.throwIfAborted();
    const refused = error instanceof AuthenticationError || error instanceof NoIdentity;
    const again = refused && jump.inCluster ? await dial(behind).catch(() => undefined) : undefined;
    if (again) return again;
    throw new BastionError(problemOf(error, jump));
  }
}

function problemOf(error: unknown, jump: ProxyJump): Problem {
  const bastion = bastionName(jump);
  const { user, hostKey } = jump;
  if (error instanceof NoIdentity) return error.found;
  if (error instanceof HostKeyError)
    return {
      path: `${setting}.hostKey`,
      problem: `${bastion} showed the host key ${error.shown}, and ${pinOf(hostKey)} is expected; nothing was sent to it`,
      fix: 'find out who answers there; on its console, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints what belongs into flotilla:proxyJump.hostKey',
    };
  if (error instanceof AuthenticationError)
    return {
      path: `${setting}.user`,
      problem: `${bastion} takes none of your keys for ${user}`,
      fix: `put your public key into ~${user}/.ssh/authorized_keys there, \`ssh-add\` it, or name its file in flotilla:proxyJump.identityFile`,
    };
  const last = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return {
    path: setting,
    problem: messageOf(last),
    fix: unansweredFix,
  };
}
