import { freePorts } from '../../src/qemu/ports.ts';

const given = new Set<number>();

/**
 * A port of 127.0.0.1 that nobody listens on now, and that this function has not given before: the kernel may well name
 * one again that was let go before anything listens on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const [port] = await freePorts(1);
    if (port === undefined || given.has(port)) continue;
    given.add(port);
    return port;
  }
}
