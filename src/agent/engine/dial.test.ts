import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { dialMachine } from './dial.ts';

async function listen() {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

test('a machine that accepts a connection answers, one that refuses it does not', async () => {
  const { server, port } = await listen();
  expect(await dialMachine('127.0.0.1', port)).toBe(true);
  server.close();
  await once(server, 'close');
  expect(await dialMachine('127.0.0.1', port)).toBe(false);
});

test('a machine whose programs do not get to run answers', async () => {
  const program =
    "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
  const machine = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(machine.stdout, 'data');
    machine.kill('SIGSTOP');
    expect(await dialMachine('127.0.0.1', Number(String(line)))).toBe(true);
  } finally {
    machine.kill('SIGKILL');
    await once(machine, 'exit');
  }
});

test('an address that leads nowhere does not answer', async () => {
  expect(await dialMachine('255.255.255.255', 9)).toBe(false);
});
