import { createHash } from 'node:crypto';
import { type ConnectOptions, connect } from './connect.ts';
import type { Connection, SshTarget } from './connection.ts';

export type Connect = (target: SshTarget, options?: ConnectOptions) => Promise<Connection>;

/**
 * One connection per machine, user, key and forwarded ssh-agent within a process. It owns what it hands out: its users
 * don't close a connection, they close the pool at the end.
 */
export class ConnectionPool {
  readonly #connect: Connect;
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(dialer: Connect = connect) {
    this.#connect = dialer;
  }

  /** The living connection to the target, or a new one; callers that come at the same time share one dial. */
  async get(target: SshTarget, options: ConnectOptions = {}): Promise<Connection> {
    const key = poolKey(target);
    const known = this.#connections.get(key);
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.alive) return connection;
      // Whoever woke first has replaced it already; the others share that dial.
      if (this.#connections.get(key) !== known) return this.get(target, options);
    }
    const dialed = this.#connect(target, options);
    this.#connections.set(key, dialed);
    dialed.catch(() => this.#forget(key, dialed));
    return dialed;
  }

  /** Closes every connection, also those whose dial still runs. */
  async close(): Promise<void> {
    const all = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(all.map((dialed) => dialed.then((connection) => connection.close()).catch(() => {})));
  }

  #forget(key: string, dialed: Promise<Connection>): void {
    if (this.#connections.get(key) === dialed) this.#connections.delete(key);
  }
}

/** The key hashed, so that no map and no heap listing shows it. */
function poolKey(target: SshTarget): string {
  const secret = createHash('sha256').update(target.privateKey).digest('base64');
  const { host, port, user, hostKey, sshAgent, identityAgent } = target;
  return JSON.stringify([host, port, user, hostKey, secret, sshAgent, identityAgent]);
}
