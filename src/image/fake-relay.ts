import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { FakeMachine } from '../ssh/fake.ts';
import { runRelay } from './relay.ts';
import type { RelayConfig } from './relay-config.ts';

/**
 * A fake machine's relay, in this process: a port of that machine is none of this computer, so one here leads to it.
 *
 * @param program what the machine would have run
 * @param folder the seed's blobs are in `cache` below it
 */
export async function relayHere(machine: FakeMachine, program: string, folder: string) {
  const config = relayConfigIn(program);
  const door = createServer(async (socket) => {
    const far = await machine.connect().openPort(config.home);
    far.once('close', () => socket.destroy());
    socket.on('error', () => far.destroy()).once('close', () => far.destroy());
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const home = (door.address() as AddressInfo).port;
  const seed = config.seed && { ...config.seed, cache: join(folder, 'cache'), address: '127.0.0.1' };
  await runRelay({
    ...config,
    home,
    ...(seed && { seed }),
    ...(config.peer && { peer: { ...config.peer, address: '127.0.0.1' } }),
  });
  door.close();
  return {};
}

/** What `buildRelay` has put before the program. */
export function relayConfigIn(program: string): RelayConfig {
  const [, json = ''] = /^globalThis\.flotillaRelay=(.*);$/m.exec(program) ?? [];
  return JSON.parse(json);
}
