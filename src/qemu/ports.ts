import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Forwards } from './arguments.ts';

/** Guest ports that every machine forwards. */
export const guestSshPort = 22;

/**
 * A guest port where nothing listens (tcpmux): the guest's kernel refuses the connection, and slirp closes it.
 * That answer is the machine's pulse: it takes QEMU's main loop and the guest's kernel to give it (`health.ts`).
 */
export const pulsePort = 1;

/** A free port of 127.0.0.1 for each guest port; ports remembered from an earlier start are kept. */
export async function chooseForwards(guestPorts: readonly number[], remembered: Forwards): Promise<Forwards> {
  const wanted = [guestSshPort, pulsePort, ...guestPorts];
  const missing = wanted.filter((port) => remembered[port] === undefined);
  const free = await freePorts(missing.length);
  const chosen = missing.flatMap((port, index) => (free[index] === undefined ? [] : [[port, free[index]]]));
  return { ...remembered, ...Object.fromEntries(chosen) };
}

/** Of 127.0.0.1. All are held at once before any is let go, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers
    .map((server) => server.address())
    .flatMap((at) => (at && typeof at === 'object' ? [at.port] : []));
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
