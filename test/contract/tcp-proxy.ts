import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a network does to one client while the others don't notice:
 * - `refuse` closes what is open and takes nothing new, as a member that is down;
 * - `reset` does the same with an RST instead of a FIN, as a member that was started anew;
 * - `hang` keeps everything open, takes what is new, and forwards no byte: a black hole, as a cut cable;
 * - `half-open` does that to the connections there are, for good, and lets new ones through: their other end has
 *   forgotten them, as a firewall does;
 * - `delay` forwards everything so many milliseconds late;
 * - `truncate` lets each connection have so many bytes more from the server and then ends it.
 */
export type Fault =
  | { readonly kind: PlainFault }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'truncate'; readonly bytes: number };

/** The faults that need no number. */
type PlainFault = 'refuse' | 'reset' | 'hang' | 'half-open';

/** A TCP forwarder whose cable can be cut, so that one client loses the network and the others don't. */
export interface TcpProxy {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Connections that were accepted, ever. */
  readonly accepted: number;
  /** From now on; replaces the fault before. */
  cut(fault: Fault | PlainFault): void;
  /** What comes from now on passes; what a fault has broken stays broken. */
  mend(): void;
  close(): Promise<void>;
}

/** @param target `host:port` */
export async function startProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':');
  const links = new Set<Link>();
  let fault: Fault | undefined;
  let accepted = 0;
  const server = createServer((near) => {
    accepted += 1;
    if (fault?.kind === 'refuse') return void near.destroy();
    if (fault?.kind === 'reset') return void near.resetAndDestroy();
    const far = connect(Number(port), host);
    const link = new Link(near, far, fault?.kind === 'half-open' ? undefined : fault);
    links.add(link);
    far.once('close', () => links.delete(link));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const each = (fate: Fault | undefined) => {
    for (const link of links) link.suffer(fate);
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    cut(wanted) {
      fault = typeof wanted === 'string' ? { kind: wanted } : wanted;
      each(fault);
    },
    mend() {
      fault = undefined;
      each(undefined);
    },
    async close() {
      each({ kind: 'refuse' });
      server.close();
      await once(server, 'close');
    },
  };
}

/** One connection through the proxy. */
class Link {
  readonly #near: Socket;
  readonly #far: Socket;
  #fault: Fault | undefined;
  /** Bytes were swallowed, so the stream makes no sense any more. */
  #lossy = false;
  #left = Number.POSITIVE_INFINITY;

  constructor(near: Socket, far: Socket, fault: Fault | undefined) {
    this.#near = near;
    this.#far = far;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => from.destroy());
      from.on('close', () => this.#fault?.kind !== 'half-open' && to.destroy());
      let turn: Promise<unknown> = Promise.resolve();
      from.on('data', (bytes) => {
        const arrived = performance.now();
        turn = turn.then(() => this.#forward(bytes, from, to, arrived));
      });
    }
    this.suffer(fault);
  }

  suffer(fault: Fault | undefined): void {
    // Whoever was forgotten is not remembered.
    if (this.#fault?.kind === 'half-open' && fault?.kind !== 'refuse') return;
    const mended = fault === undefined && this.#lossy;
    this.#fault = fault;
    this.#left = fault?.kind === 'truncate' ? fault.bytes : Number.POSITIVE_INFINITY;
    if (fault?.kind === 'reset') this.#near.resetAndDestroy();
    if (fault?.kind === 'refuse' || mended) this.#near.destroy();
    if (fault?.kind === 'refuse' || fault?.kind === 'reset') this.#far.destroy();
  }

  async #forward(bytes: Buffer, from: Socket, to: Socket, arrived: number): Promise<void> {
    // Each since it came: a long way is a delay once, however many pieces are on it.
    if (this.#fault?.kind === 'delay')
      await sleep(Math.max(0, arrived + this.#fault.milliseconds - performance.now()));
    if (this.#fault?.kind === 'hang' || this.#fault?.kind === 'half-open') {
      this.#lossy = true;
      return;
    }
    if (from === this.#near) return void to.write(bytes);
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    to.write(part);
    if (part.length < bytes.length || this.#left === 0) to.end();
  }
}
