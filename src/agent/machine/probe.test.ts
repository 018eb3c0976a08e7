import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Probe } from '../../model/flotilla-options.ts';
import { runProbe } from './probe.ts';

const never = new AbortController().signal;
const contents = '[Service]\nExecStart=/bin/true\n';
const patient = { unit: 'a.service', contents, timeout: 30 };
const at = (probe: Probe, subject = patient) => runProbe(probe, subject, never);
const run = (script: string, subject = patient) =>
  at({ kind: 'exec', argv: ['/bin/sh', '-c', script] }, subject);

describe('http', () => {
  let server: Server;
  let port: number;
  const asked: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url);
      if (request.url === '/silent') return;
      response.writeHead(Number(request.url?.slice(1)), { location: '/204' });
      response.end('x'.repeat(100_000));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each([
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [503, false],
  ])('%d is %s', async (status, ok) => {
    const detail = `GET :${port}/${status} answered ${status}`;
    expect(await at({ kind: 'http', port, path: `/${status}` })).toEqual({ ok, detail });
    expect(asked.splice(0)).toEqual([`/${status}`]);
  });

  test('gives up on a service that says nothing', async () => {
    const subject = { ...patient, timeout: 0.1 };
    const detail = `GET :${port}/silent gave no answer in 0.1 s`;
    expect(await at({ kind: 'http', port, path: '/silent' }, subject)).toEqual({ ok: false, detail });
  });
});

describe('tcp', () => {
  test('asks for a connection and no more', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await at({ kind: 'tcp', port })).toEqual({ ok: true, detail: `port ${port} accepts connections` });
    server.close();
    await once(server, 'close');
    const refused = await at({ kind: 'tcp', port });
    expect(refused).toEqual({ ok: false, detail: expect.stringContaining('ECONNREFUSED') });
    expect(await at({ kind: 'http', port, path: '/' })).toMatchObject({ ok: false });
  });
});

describe('exec', () => {
  test('counts by its exit status, and tells what it said', async () => {
    expect(await run('exit 0')).toEqual({ ok: true, detail: '/bin/sh ended with 0' });
    expect(await run('echo no route >&2; echo more; exit 3')).toEqual({
      ok: false,
      detail: expect.stringMatching(/^\/bin\/sh ended with 3: (no route|more)$/),
    });
    expect(await run('kill -9 $$')).toEqual({ ok: false, detail: '/bin/sh was killed by SIGKILL' });
    const missing = await at({ kind: 'exec', argv: ['/does/not/exist'] });
    expect(missing).toEqual({ ok: false, detail: expect.stringContaining('ENOENT') });
  });

  test('gets nothing of the agent’s environment, and much of what it says is left out', async () => {
    process.env.SECRET_OF_THE_AGENT = 'secret';
    const { detail } = await run('echo "$SECRET_OF_THE_AGENT$HOME"; exit 1');
    delete process.env.SECRET_OF_THE_AGENT;
    expect(detail).toBe('/bin/sh ended with 1');
    const flood = await run('yes | head -c 10000000 | tr -d "\\n"; exit 1');
    expect(flood.detail.length).toBeLessThan(300);
  });

  test('is killed when it takes too long, with what it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-probe-'));
    const file = join(folder, 'pid');
    const script = `sleep 600 & echo $! >${file}.new; mv ${file}.new ${file}; wait`;
    const stop = new AbortController();
    const looked = runProbe({ kind: 'exec', argv: ['/bin/sh', '-c', script] }, patient, stop.signal);
    while (!existsSync(file)) await sleep(10);
    stop.abort();
    expect((await looked).ok).toBe(false);
    const pid = Number(await readFile(file, 'utf8'));
    const state = async () =>
      (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')).split(' ').at(2) ?? 'Z';
    while (!['Z', undefined].includes(await state())) await sleep(10);
    await rm(folder, { recursive: true });
    const late = await run('sleep 600', { ...patient, timeout: 0.1 });
    expect(late).toEqual({ ok: false, detail: '/bin/sh gave no answer in 0.1 s' });
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot('runs as the user of the service', async () => {
    const ids = 'echo "$(id -u) $(id -g)"; exit 1';
    const as = (lines: string) => run(ids, { ...patient, contents: `${contents}${lines}` });
    expect((await as('')).detail).toContain('ended with 1: 0 0');
    expect((await as('User=nobody\n')).detail).toContain('ended with 1: 65534 65534');
    expect((await as('User=nobody\nGroup=daemon\n')).detail).toContain('ended with 1: 65534 1');
    expect((await as('User=some\nDynamicUser=yes\n')).detail).toContain('ended with 1: 65534 65534');
    expect((await as('User=nosuchuser\n')).detail).toContain('User=nosuchuser is not in /etc/passwd');
  });
});

test('notify is ready whenever it is looked at', async () => {
  expect((await at({ kind: 'notify' })).ok).toBe(true);
});
