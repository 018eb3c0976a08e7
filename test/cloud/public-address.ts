import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * A loopback address of a machine's own, at which its ports answer under their own numbers: what a cloud calls its
 * public address. Linux has all of 127.0.0.0/8 without being told to.
 */
export interface PublicAddress {
  readonly v4: string;
  /** From now on connections to `port` go to this port of 127.0.0.1. Until then they are refused. */
  lead(port: number, to: number): void;
  close(): Promise<void>;
}

/**
 * Takes the first of 127.77.`subnet`.1 to .254 of which nobody has a port yet.
 *
 * @throws Error with the fix when a port may not be had at all
 */
export async function takeAddress(subnet: number, ports: readonly number[]): Promise<PublicAddress> {
  for (let last = 1; last < 255; last += 1) {
    const v4 = `127.77.${subnet}.${last}`;
    const doors = await openDoors(v4, ports);
    if (doors) return publicAddress(v4, doors);
  }
  throw new Error(
    `no address in 127.77.${subnet}.0/24 has its ports ${ports.join(', ')} free: \`ss -tlnp\` says who has them; ` +
      'an sshd that listens at all addresses needs ListenAddress',
  );
}

/** One port of a public address. */
interface Door {
  readonly port: number;
  readonly server: Server;
  readonly open: Set<Socket>;
  to: number | undefined;
}

function publicAddress(v4: string, doors: readonly Door[]): PublicAddress {
  return {
    v4,
    lead(port, to) {
      for (const door of doors) if (door.port === port) door.to = to;
    },
    close: async () => {
      await Promise.all(doors.map(closeDoor));
    },
  };
}

/** All of them, or undefined when another process has one. */
async function openDoors(v4: string, ports: readonly number[]): Promise<Door[] | undefined> {
  const doors: Door[] = [];
  try {
    for (const port of ports) doors.push(await openDoor(v4, port));
    return doors;
  } catch (error) {
    await Promise.all(doors.map(closeDoor));
    const code = codeOf(error);
    if (code === 'EADDRINUSE') return undefined;
    if (code !== 'EACCES') throw error;
    throw new Error(
      `${v4}: this user may not listen on ports ${ports.join(', ')}, where a droplet answers: run the tests as root, or ` +
        'sudo sysctl net.ipv4.ip_unprivileged_port_start=22',
      { cause: error },
    );
  }
}

/** Not by `instanceof`: under jest an error of Node's is of another realm. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

async function openDoor(v4: string, port: number): Promise<Door> {
  const door: Door = { port, server: createServer({ allowHalfOpen: true }), open: new Set(), to: undefined };
  door.server.on('connection', (outside) => passOn(door, outside));
  door.server.listen(port, v4);
  await once(door.server, 'listening');
  return door;
}

function passOn({ to, open }: Door, outside: Socket): void {
  if (to === undefined) {
    outside.on('error', () => undefined).resetAndDestroy();
    return;
  }
  const inside = createConnection({ host: '127.0.0.1', port: to, allowHalfOpen: true });
  for (const [socket, other] of [
    [outside, inside],
    [inside, outside],
  ] as const) {
    open.add(socket);
    socket.setNoDelay(true);
    // What breaks on one side breaks on the other; who just says no more is still listened to.
    socket.on('error', () => other.destroy());
    socket.once('close', () => {
      open.delete(socket);
      if (socket.errored) other.destroy();
    });
    socket.pipe(other);
  }
}

async function closeDoor({ server, open }: Door): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await closed;
}
