import { PassThrough, type Readable } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { connect } from './connect.ts';
import { ConnectionLostError } from './errors.ts';
import { interactive } from './interactive.ts';
import { Ssh2Connection } from './ssh2.ts';
import { startTestServer } from './test-server.ts';

function terminal() {
  return { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
}

async function textOf(stream: PassThrough): Promise<string> {
  stream.end();
  return Buffer.concat(await (stream as Readable).toArray()).toString();
}

describe('interactive', () => {
  test('a command sees the input and its output and status come back', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const streams = terminal();
    streams.stdin.end('typed\n');
    const status = await interactive(connection, ['sh', '-c', 'cat; echo oops >&2; exit 4'], streams);
    expect(status).toBe(4);
    expect(await textOf(streams.stdout)).toBe('typed\n');
    expect(await textOf(streams.stderr)).toBe('oops\n');
    await connection.close();
    await server.close();
  });

  test('without a command it is a login shell; a terminal goes to raw mode and back', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const raw: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (on: boolean) => raw.push(on),
    });
    stdin.write('echo from the shell; exit 2\n');
    const streams = { ...terminal(), stdin };
    expect(await interactive(connection, undefined, streams)).toBe(2);
    expect(await textOf(streams.stdout)).toBe('from the shell\n');
    expect(raw).toEqual([true, false]);
    await connection.close();
    await server.close();
  });

  test('a signal ends one command, and the connection goes on', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const stop = new AbortController();
    const streams = terminal();
    const ended = interactive(connection, ['sh', '-c', 'echo begun; cat'], streams, { signal: stop.signal });
    streams.stdout.once('data', () => stop.abort(new Error('enough')));
    await expect(ended).rejects.toThrow('enough');
    expect(await interactive(connection, ['true'], terminal())).toBe(0);
    await connection.close();
    await server.close();
  });

  test('a machine that opens no session is named, and is not waited for after a signal', async () => {
    const { server, target } = await startTestServer();
    const { client } = await connect(target);
    server.deaf = true;
    const impatient = new Ssh2Connection(target, client, { openDeadline: 0.1 });
    const message = 'core-1 did not open a session: no answer within 0.1 s, although its SSH lives';
    const log: string[] = [];
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'Date', 'performance'] });
    const opening = interactive(impatient, ['true'], terminal(), { log: (line) => log.push(line) });
    jest.advanceTimersByTime(10_000);
    jest.useRealTimers();
    await expect(opening).rejects.toThrow(message);
    expect(log).toEqual(['waiting for core-1 to open a session']);
    const patient = new Ssh2Connection(target, client);
    const cancelled = interactive(patient, ['true'], terminal(), {
      signal: AbortSignal.timeout(50),
    });
    await expect(cancelled).rejects.toThrow('timeout');
    await patient.close();
    await server.close();
  });

  test('a lost connection is an error and leaves the terminal usable', async () => {
    const { server, target } = await startTestServer();
    const connection = await connect(target);
    const raw: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (on: boolean) => raw.push(on),
    });
    setTimeout(() => server.cutConnections(), 300);
    const ended = interactive(connection, undefined, { ...terminal(), stdin });
    const error = await ended.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(String(error)).toMatch(/Lost the connection to core-1 during the session: \S.*/);
    expect(raw).toEqual([true, false]);
    await server.close();
  });
});
