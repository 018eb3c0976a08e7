import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { expect, test } from '@jest/globals';
import { FakeMachine } from './fake.ts';
import { type ForwardedPort, forwardPort } from './forward-port.ts';

function machineWithEcho(): FakeMachine {
  const machine = new FakeMachine();
  machine.ports.set(7, (stream) => stream.pipe(stream));
  return machine;
}

async function echo({ path }: ForwardedPort, text: string): Promise<string> {
  const socket = connect(path);
  socket.write(text);
  const [bytes] = await once(socket, 'data');
  socket.destroy();
  return String(bytes);
}

test('each connection reaches the port, and nobody else may use the socket', async () => {
  const machine = machineWithEcho();
  const forwarded = await forwardPort(async () => machine.connect(), 7);
  expect(await Promise.all(['a', 'b', 'c'].map((text) => echo(forwarded, text)))).toEqual(['a', 'b', 'c']);
  expect(statSync(dirname(forwarded.path)).mode & 0o077).toBe(0);
  await forwarded.close();
  expect(existsSync(dirname(forwarded.path))).toBe(false);
});

test('a port that refuses closes the connection, and the reason is kept', async () => {
  const machine = new FakeMachine({ name: 'core-1' });
  const forwarded = await forwardPort(async () => machine.connect(), 7);
  await once(connect(forwarded.path).resume(), 'close');
  expect(String(forwarded.failure())).toContain('core-1 did not open port 7');
  await forwarded.close();
});

test('closing it, or losing the machine, closes what is open', async () => {
  const machine = machineWithEcho();
  const forwarded = await forwardPort(async () => machine.connect(), 7);
  const [first, second] = [connect(forwarded.path), connect(forwarded.path)];
  for (const socket of [first, second]) {
    socket.on('error', () => undefined);
    socket.write('x');
    await once(socket, 'data');
  }
  const firstEnds = once(first, 'close');
  machine.loseConnections();
  await firstEnds;
  const secondEnds = once(second, 'close');
  await forwarded.close();
  await secondEnds;
});
