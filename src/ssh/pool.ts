import { createHash } from 'node:crypto';
import type { ProxyJump } from '../model/proxy-jump.ts';
import { connectBastion } from './bastion.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Connection, SshTarget } from './connection.ts';

export type Connect = (target: SshTarget, options?: ConnectOptions) => Promise<Connection>;

/**
 * One connection per machine, user, key and forwarded ssh-agent within a process, and one to each bastion for all that
 * is behind it. It owns what it hands out: its users don't close a connection, they close the pool at the end.
 */
export class ConnectionPool {
  readonly #connect: Connect;
  readonly #connections = new Map<string, Promise<Connection>>();
  /** Ends the dials to bastions, which are nobody's in particular. */
  #closing = new AbortController();

  constructor(dialer: Connect = connect) {
    this.#connect = dialer;
  }

  /** The living connection to the target, or a new one; callers that come at the same time share one dial. */
  get(target: SshTarget, options: ConnectOptions = {}): Promise<Connection> {
    const { proxyJump } = target;
    const closing = this.#closing.signal;
    const bastion = proxyJump && (() => this.#bastion(proxyJump, target, closing, options));
    return this.#share(poolKey(target), () =>
      this.#connect(target, bastion ? { ...options, bastion } : options),
    );
  }

  /** Who asked first may give up while others wait, so only the pool's own end ends its dial. */
  async #bastion(
    jump: ProxyJump,
    behind: SshTarget,
    signal: AbortSignal,
    { log }: ConnectOptions,
  ): Promise<Connection> {
    // A machine that is still dialed while the pool closes would leave it open for ever.
    signal.throwIfAborted();
    const options = log ? { log, signal } : { signal };
    const { address, port, user, hostKey, identityFile } = jump;
    const key = JSON.stringify(['bastion', address, port, user, hostKey, identityFile]);
    return this.#share(key, () => connectBastion(jump, behind, this.#connect, options));
  }

  async #share(key: string, dial: () => Promise<Connection>): Promise<Connection> {
    const known = this.#connections.get(key);
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.alive) return connection;
      // Whoever woke first has replaced it already; the others share that dial.
      if (this.#connections.get(key) !== known) return this.#share(key, dial);
    }
    const dialed = dial();
    this.#connections.set(key, dialed);
    dialed.catch(() => this.#forget(key, dialed));
    return dialed;
  }

  /** Closes every connection, also those whose dial still runs. */
  async close(): Promise<void> {
    const all = [...this.#connections.values()];
    this.#connections.clear();
    this.#closing.abort(new Error('the connections were closed'));
    this.#closing = new AbortController();
    await Promise.all(all.map((dialed) => dialed.then((connection) => connection.close()).catch(() => {})));
  }

  #forget(key: string, dialed: Promise<Connection>): void {
    if (this.#connections.get(key) === dialed) this.#connections.delete(key);
  }
}

/** The key hashed, so that no map and no heap listing shows it. */
function poolKey(target: SshTarget): string {
  const secret = createHash('sha256').update(target.privateKey).digest('base64');
  const { host, port, user, hostKey, sshAgent, identityAgent, proxyJump } = target;
  return JSON.stringify([host, port, user, hostKey, secret, sshAgent, identityAgent, proxyJump]);
}
