import { type Duplex, duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { agentSocket } from '../model/api.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { exchange, openStream } from './http.ts';

const request = { method: 'GET', path: '/', timeout: 0.1 } as const;

test('a stream that opens after the deadline is not left open', async () => {
  const [late] = duplexPair();
  let open: (stream: Duplex) => void = () => undefined;
  const connection = new FakeMachine().connect();
  connection.openSocket = () => new Promise((resolve) => (open = resolve));
  await expect(exchange(connection, request)).rejects.toThrow('no answer within 0.1 s');
  open(late);
  await sleep(0);
  expect(late.destroyed).toBe(true);
});

test('a body that stops in the middle runs into the deadline, and the stream is closed', async () => {
  const machine = new FakeMachine();
  machine.sockets.set(agentSocket, (stream) => {
    stream.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"half');
  });
  await expect(exchange(machine.connect(), request)).rejects.toThrow('no answer within 0.1 s');
});

test('lines that stop in the middle are given up when their silence is bounded, and the stream is closed', async () => {
  const connection = new FakeMachine().connect();
  const [stream, agent] = duplexPair();
  connection.openSocket = async () => stream;
  agent.resume().write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst\nhalf');
  const { lines } = await openStream(connection, { ...request, silence: 0.1 });
  const read: string[] = [];
  const reading = async () => {
    for await (const line of lines) read.push(line);
  };
  await expect(reading()).rejects.toThrow('nothing more within 0.1 s');
  expect(read).toEqual(['first']);
  expect(stream.destroyed).toBe(true);
});

test('what is no HTTP is an error, not an answer', async () => {
  const machine = new FakeMachine();
  machine.sockets.set(agentSocket, (stream) => stream.end('SSH-2.0-surprise\r\n'));
  await expect(exchange(machine.connect(), request)).rejects.toThrow('Parse Error');
});

test('a machine without an agent says that the socket is not there', async () => {
  await expect(exchange(new FakeMachine().connect(), request)).rejects.toThrow('no such socket');
});
