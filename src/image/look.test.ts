import { afterEach, expect, jest, test } from '@jest/globals';
import type { Connection } from '../ssh/connection.ts';
import { look } from './look.ts';

afterEach(() => {
  jest.useRealTimers();
});

/** Takes what it is asked, and answers nothing. */
const silent: Connection = {
  exec: () => new Promise(() => undefined),
  openSocket: () => new Promise(() => undefined),
} as Partial<Connection> as Connection;

test('a machine that takes long to say what it has is named', async () => {
  jest.useFakeTimers();
  const said: string[] = [];
  const machine = { name: 'core-1', address: '10.77.0.11', connect: async () => silent };
  void look([machine], undefined, (line) => said.push(line));
  await jest.advanceTimersByTimeAsync(20_000);
  const line = 'waiting for core-1 to say which images it has';
  expect(said).toEqual([line, line]);
});
