import { connect } from 'node:net';

/** Every machine serves SSH to the others. */
const sshPort = 22;

/** Milliseconds: time for two SYNs, since Linux sends the second after one second. */
const patience = 2000;

/**
 * Whether a machine accepts a TCP connection to its SSH server. Its kernel does that alone, so a machine whose
 * programs get no time to run answers. A refusal is no answer: it comes from a machine that boots or shuts down, or
 * from a firewall that speaks for a dead one.
 */
export function dialMachine(address: string, port: number = sshPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const done = (answers: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answers);
    };
    // An answer may have arrived while this process itself did not get to run: the event loop reads the network
    // after its timers, so the verdict waits for that.
    const timer = setTimeout(() => setImmediate(() => done(false)), patience);
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
