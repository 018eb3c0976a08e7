import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { readOutput, runInForeground } from './process.ts';

const said: string[] = [];
const log = (line: string) => said.push(line);

afterEach(() => {
  jest.useRealTimers();
  said.length = 0;
});

function shell(script: string) {
  return { path: '/bin/sh', args: ['-c', script], environment: process.env };
}

test.each([
  ['exit 0', 0],
  ['exit 7', 7],
  ['kill -TERM $$', 128 + 15],
  ['kill -KILL $$', 128 + 9],
])('%s ends with %i', async (script, code) => {
  expect(await runInForeground(shell(script))).toBe(code);
});

test('what cannot be started is named', async () => {
  const command = { path: '/no/such/program', args: [], environment: {} };
  await expect(runInForeground(command)).rejects.toThrow("/no/such/program can't be started");
});

test('what has been aborted ends with SIGTERM', async () => {
  expect(await runInForeground(shell('exec sleep 60'), AbortSignal.timeout(50))).toBe(128 + 15);
});

test('output is read whole, and a failure is an error', async () => {
  expect(await readOutput(shell('printf "a\\nb"'), { log })).toBe('a\nb');
  await expect(readOutput(shell('exit 3'), { log })).rejects.toThrow(
    'sh -c exit 3 ended with exit code 3. Next step: see what it said above',
  );
  await expect(readOutput({ ...shell(''), path: '/no/such/program' }, { log })).rejects.toThrow(
    "/no/such/program can't be started",
  );
});

test('what gives no answer is ended, with the next step', async () => {
  const reading = readOutput(shell('exec sleep 60'), { log, deadline: 0.1 });
  await expect(reading).rejects.toThrow(
    /^sh -c exec sleep 60 gave no answer within 0\.1 s\. Next step: .*backend/,
  );
});

test('an answer that takes long is waited for aloud', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const reading = readOutput(shell('echo far'), { log });
  jest.advanceTimersByTime(20_000);
  expect(await reading).toBe('far\n');
  const line = 'waiting for sh -c echo far (120 s at most)';
  expect(said).toEqual([line, line]);
});

describe('signals, without a terminal', () => {
  const parent = `
    import { runInForeground } from ${JSON.stringify(join(import.meta.dirname, 'process.ts'))};
    const script = 'trap "echo got; exit 5" INT TERM; echo ready; while :; do sleep 0.05; done';
    const command = { path: '/bin/sh', args: ['-c', script], environment: process.env };
    process.exitCode = await runInForeground(command);`;

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s reaches the child once, and we wait for it',
    async (signal) => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', parent], {
        detached: true, // A session of its own has no terminal, whatever runs this test.
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        if (output === '') child.kill(signal);
        output += chunk.toString();
      });
      const [code] = await once(child, 'close');
      expect({ code, output }).toEqual({ code: 5, output: 'ready\ngot\n' });
    },
  );
});
