import { connect } from 'node:net';
import type { Forwards } from './arguments.ts';
import { pulsePort } from './ports.ts';

/**
 * `refused`: nothing listens, be it in the guest or because QEMU is gone. `silent`: QEMU or the guest's kernel
 * hangs, or is stopped; the host's kernel still accepts connections in its name.
 */
export type Health = 'healthy' | 'refused' | 'silent';

/** Milliseconds. */
export interface ProbeTiming {
  /** A guest refuses within this. Measured on busy emulated machines: 5 to 150. */
  readonly refusal: number;
  /** A machine that should refuse the pulse port, and doesn't within this, counts as hung. */
  readonly pulse: number;
}

export const probeTiming: ProbeTiming = { refusal: 300, pulse: 2500 };

/**
 * Whether a machine serves a guest port. Two connections tell:
 *
 * - To the port itself: slirp accepts at once, and closes when the guest refuses. Open after 300 ms means that
 *   somebody listens, or that nobody is alive to refuse.
 * - To the pulse port, where the guest's kernel always refuses: its refusal rules the second case out.
 */
export async function probe(forwards: Forwards, guestPort: number, timing = probeTiming): Promise<Health> {
  const port = forwards[guestPort];
  if (port === undefined) return 'refused';
  if ((await staysOpen(port, timing.refusal)) === false) return 'refused';
  const pulse = forwards[pulsePort];
  return pulse !== undefined && (await staysOpen(pulse, timing.pulse)) ? 'silent' : 'healthy';
}

/** Connects to the port on 127.0.0.1; false as soon as the connection is refused or closed, true after `time` ms. */
async function staysOpen(port: number, time: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(true), time);
    const end = (open: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    // Flowing, or the end of the stream would never be seen. A server that speaks first is fine.
    socket
      .resume()
      .on('end', () => end(false))
      .on('close', () => end(false))
      .on('error', () => {});
  });
}
