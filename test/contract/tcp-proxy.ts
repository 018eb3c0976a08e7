import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP forwarder whose cable can be cut, so that one client loses the network and the others don't. */
export interface TcpProxy {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** `refuse` closes what is open and takes nothing new; `hang` keeps everything open and forwards no byte. */
  cut(how: 'refuse' | 'hang'): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let state: 'open' | 'refuse' | 'hang' = 'open';
  const server = createServer((near) => {
    if (state === 'refuse') return near.destroy();
    const far = connect(Number(port), host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    forward(near, far, () => state);
    forward(far, near, () => state);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut(how) {
      state = how;
      if (how === 'refuse') drop();
    },
    mend() {
      // What hung lost bytes: such a connection can only be closed.
      if (state === 'hang') drop();
      state = 'open';
    },
    async close() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(from: Socket, to: Socket, state: () => string): void {
  from.on('data', (bytes) => {
    if (state() === 'open') to.write(bytes);
  });
  from.on('close', () => to.destroy());
}
