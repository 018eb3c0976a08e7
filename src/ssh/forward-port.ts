import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Connection } from './connection.ts';

/** A unix socket here that leads to a port of a machine. */
export interface ForwardedPort {
  /** Below a folder that only this user can enter. */
  readonly path: string;
  /** Why the port was not reached the last time it was tried: whoever uses the socket only sees it close. */
  failure(): unknown;
  close(): Promise<void>;
}

/** Like `ssh -L`: each connection to the socket goes to `port` on the machine's 127.0.0.1, which is dialed only then. */
export async function forwardPort(connect: () => Promise<Connection>, port: number): Promise<ForwardedPort> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-'));
  const path = join(folder, 'port');
  const open = new Set<Socket>();
  let failure: unknown;
  const server = createServer((near) => {
    open.add(near);
    near.once('close', () => open.delete(near));
    const dialing = connect().then((connection) => connection.openPort(port));
    dialing.then(
      (far) => splice(near, far),
      (error: unknown) => {
        failure = error;
        near.destroy();
      },
    );
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    failure: () => failure,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Two streams that live and die together. */
function splice(near: Socket, far: Duplex): void {
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy());
    one.once('close', () => other.destroy());
  }
  if (near.destroyed) far.destroy();
}
