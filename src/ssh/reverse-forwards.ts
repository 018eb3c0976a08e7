import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';

/** Of one client: its ports on the machine's 127.0.0.1 that lead here, and who takes what comes from each. */
export class ReverseForwards {
  readonly #client: Client;
  readonly #takers = new Map<number, (stream: Duplex) => void>();

  constructor(client: Client) {
    this.#client = client;
    client.on('tcp connection', ({ destPort }, accept, reject) => {
      const taker = this.#takers.get(destPort);
      if (taker) taker(asSocket(accept()));
      else reject();
    });
  }

  /** Asks for a port that is free. What comes before `expect` is turned away: nobody knows the port by then. */
  ask(granted: (error: Error | undefined, port: number) => void): void {
    this.#client.forwardIn('127.0.0.1', 0, granted);
  }

  expect(port: number, taker: (stream: Duplex) => void): void {
    this.#takers.set(port, taker);
  }

  /** Never fails: a connection that is gone took the port with it. */
  cancel(port: number): Promise<void> {
    if (!this.#takers.delete(port)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#client.once('close', () => resolve());
      try {
        this.#client.unforwardIn('127.0.0.1', port, () => resolve());
      } catch {
        // ssh2 throws when its socket is gone already.
        resolve();
      }
    });
  }
}

/** Unlike a TCP connection, a channel is open for writing until both sides have closed it. */
function asSocket(channel: ClientChannel): Duplex {
  channel.on('error', () => {});
  channel.once('end', () => channel.end());
  return channel;
}
