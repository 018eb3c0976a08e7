import { messageWithCauses } from '../model/message-of.ts';
import type { Problem } from '../model/problem.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import type { Connection } from '../ssh/connection.ts';
import { AuthenticationError, BastionError, HostKeyError } from '../ssh/errors.ts';
import { NoIdentity } from '../ssh/identity.ts';
import type { Connect } from '../ssh/pool.ts';
import { pinOf } from '../ssh/public-key.ts';
import type { HostFacts } from './facts.ts';
import { operatorTarget, type Reach, stackTarget } from './login.ts';
import { type HostOptions, NotRoot, readFacts } from './perform.ts';
import { checkHost, type HostRequest } from './preflight.ts';
import { nothingWanted } from './wanted.ts';

/** A host as it is reached, and what is asked of it. */
export interface AskedHost extends HostRequest {
  readonly address: string;
  readonly port: number;
  /** A public key line, or a fingerprint. */
  readonly hostKey: string;
  readonly proxyJump?: ProxyJump | undefined;
}

/** What may be known of who logs in; the stack's key exists from the first `up` on. */
export interface Login {
  readonly identityFile?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly authorizedKey?: string | undefined;
}

/** What came of a look at a host. Without facts it was not reached, and the problems say why. */
export interface Look<Host extends AskedHost> {
  readonly host: Host;
  readonly problems: readonly Problem[];
  readonly facts?: HostFacts;
}

/** Required, so that no look is without an end or a word. */
export type LookOptions = Required<HostOptions> & {
  readonly stack: string;
  /** Seconds; default: `connect`'s own. */
  readonly deadline?: number;
};

/** Looks at a host and changes nothing: everything for which it can't be taken. Rejects only when `signal` fires. */
export async function lookAtHost<Host extends AskedHost>(
  connect: Connect,
  { identityFile, authorizedKey, privateKey }: Login,
  host: Host,
  { stack, ...options }: LookOptions,
): Promise<Look<Host>> {
  const reach: Reach = { ...host, identityFile };
  try {
    const connection = await openHost(connect, reach, privateKey, options);
    const facts = await readFacts(connection, authorizedKey ?? '', options);
    const cluster = { cluster: stack, ...(authorizedKey === undefined ? {} : { owner: authorizedKey }) };
    return { host, facts, problems: checkHost(facts, host, cluster) };
  } catch (error) {
    options.signal.throwIfAborted();
    return { host, problems: [unreachable(host, error)] };
  }
}

/** As the operator, who is there before the stack's own key is; that one serves where a host is set up already. */
export async function openHost(
  connect: Connect,
  reach: Reach,
  privateKey: string | undefined,
  options: Omit<LookOptions, 'stack'>,
): Promise<Connection> {
  try {
    return await connect(await operatorTarget(reach), options);
  } catch (error) {
    if (privateKey === undefined || error instanceof HostKeyError) throw error;
    return await connect(stackTarget(reach, nothingWanted.user.name, privateKey), {
      ...options,
      deadline: 5,
    }).catch(() => Promise.reject(error));
  }
}

function unreachable({ path, user, address, port, hostKey }: AskedHost, error: unknown): Problem {
  const where = `${address}:${port}`;
  if (error instanceof BastionError || error instanceof NoIdentity) return error.found;
  if (error instanceof HostKeyError)
    return {
      path: `${path}.hostKey`,
      problem: `${where} showed the host key ${error.shown}, and ${pinOf(hostKey)} is expected`,
      fix: 'find out who answers there; on the console of the right host, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints what belongs here',
    };
  if (error instanceof AuthenticationError)
    return {
      path: `${path}.user`,
      problem: `${where} takes none of your keys for ${user}`,
      fix: `put your public key into ~${user}/.ssh/authorized_keys there (\`ssh-copy-id\`), \`ssh-add\` it, or name its file in flotilla:hosts.identityFile`,
    };
  if (error instanceof NotRoot)
    return {
      path: `${path}.user`,
      problem: error.message,
      fix: `name root, or let ${user} use sudo without a password: \`echo '${user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/90-operator\``,
    };
  return {
    path,
    problem: messageWithCauses(error),
    fix: 'see that it runs and that its SSH is reached from here',
  };
}
