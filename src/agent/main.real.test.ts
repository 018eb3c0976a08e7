import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { writeCertificates } from '../../test/contract/certificates.ts';
import { type EtcdProcess, type ServerTls, startEtcd } from '../../test/contract/etcd-process.ts';
import { callSocket } from '../../test/contract/socket-client.ts';
import { buildBundle } from './bundle.ts';

jest.setTimeout(60_000);

describe('the bundled agent', () => {
  let folder: string;
  let etcd: EtcdProcess;
  let tls: ServerTls;
  let bundle: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-agent-'));
    tls = await writeCertificates(join(folder, 'pki'));
    etcd = await startEtcd(tls);
    bundle = join(folder, 'agent.mjs');
    await writeFile(bundle, (await buildBundle()).bytes);
  });
  afterAll(async () => {
    await etcd?.remove();
    await rm(folder, { recursive: true });
  });

  async function start(
    more: object = {},
    nodeOptions = '',
  ): Promise<{ child: ChildProcess; socket: string; said: () => string }> {
    const socket = join(folder, 'run', 'agent.sock');
    const config = join(folder, 'agent.json');
    const base = {
      name: 'core-1',
      address: '10.0.0.1',
      endpoints: [etcd.endpoint],
      tls,
      socket,
      version: '7',
    };
    await writeFile(config, JSON.stringify({ ...base, leaseTtl: 3, ...more }));
    const env = { ...process.env, NODE_OPTIONS: nodeOptions };
    const child = spawn(process.execPath, [bundle, config], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes));
    return { child, socket, said: () => said };
  }

  async function until(condition: () => Promise<boolean> | boolean, what: string, said: () => string) {
    for (const end = Date.now() + 15_000; Date.now() < end; await sleep(50)) if (await condition()) return;
    throw new Error(`waited 15 s for ${what}:\n${said()}`);
  }

  async function end(child: ChildProcess): Promise<number | null> {
    if (child.exitCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    return child.exitCode;
  }

  test('is small and built alike every time', async () => {
    const [first, second] = [await buildBundle(), await buildBundle()];
    expect(first.sha256).toBe(second.sha256);
    // 340 kB of it sign certificates of services, and are not compiled before that.
    expect(first.bytes.length).toBeLessThan(1_400_000);
    expect(first.bytes.includes(process.cwd())).toBe(false);
  });

  // The second as on emulated machines.
  test.each(['', '--jitless'])(
    'joins over mTLS, leads, serves its API and ends quietly, with Node.js given "%s"',
    async (nodeOptions) => {
      const { child, socket, said } = await start({}, nodeOptions);
      try {
        await until(() => said().includes('leads the cluster now'), 'the leader', said);
        const { body } = await callSocket(socket, 'GET', '/flotilla/v1/machines');
        const id = (await readFile('/etc/machine-id', 'utf8')).trim();
        expect(body).toMatchObject({ leader: id, machines: [{ id, name: 'core-1', version: '7' }] });
        const unit = {
          name: 'a.service',
          contents: '[Service]\nExecStart=/bin/true\n',
          targetState: 'launched',
        };
        const request = { put: [unit], destroy: [] };
        const plan = await callSocket(socket, 'POST', '/flotilla/v1/plan', request);
        expect(plan).toMatchObject({
          status: 200,
          body: { moves: [{ unit: 'a.service', machine: 'core-1' }] },
        });
      } finally {
        const started = Date.now();
        expect(await end(child)).toBe(0);
        expect(Date.now() - started).toBeLessThan(3000);
      }
      expect(said()).toContain('ends; units keep running\n');
      expect(said()).not.toContain('Error');
    },
  );

  test('answers load balancers where its configuration says so, and ends with them connected', async () => {
    const followed = { services: [{ service: 'app', port: 5001 }], notice: 1, port: 18_403 };
    const { child, said } = await start({ address: '127.0.0.1', followed });
    try {
      await until(() => said().includes('answers load balancers on 127.0.0.1:18403'), 'the port', said);
      const statusOf = async (path: string) =>
        (await fetch(`http://127.0.0.1:${followed.port}${path}`)).status;
      expect(await statusOf('/services/app/5001')).toBe(503);
      expect(await statusOf('/services/db/5432')).toBe(404);
      expect(await statusOf('/flotilla/v1/units')).toBe(404);
      connect(followed.port, '127.0.0.1').on('error', () => undefined);
    } finally {
      const started = Date.now();
      expect(await end(child)).toBe(0);
      expect(Date.now() - started).toBeLessThan(3000);
    }
    expect(said()).not.toContain('Error');
  });

  test('gets along with an etcd that is frozen for longer than its lease', async () => {
    const { child, socket, said } = await start();
    try {
      const member = 'is a member of the cluster';
      await until(() => said().includes('leads the cluster now'), 'the leader', said);
      etcd.pause();
      await until(() => said().includes('units keep running'), 'the loss of the lease', said);
      const asked = Date.now();
      expect((await callSocket(socket, 'GET', '/flotilla/v1/health')).status).toBe(503);
      expect(Date.now() - asked).toBeLessThan(9000);
      etcd.resume();
      await until(() => said().split(member).length === 3, 'membership again', said);
      expect((await callSocket(socket, 'GET', '/flotilla/v1/health')).status).toBe(200);
    } finally {
      etcd.resume();
      await end(child);
    }
  });

  test('names every mistake in its configuration', async () => {
    const { child, said } = await start({ address: 'here', endpoints: [], colour: 'red' });
    await once(child, 'exit');
    expect(child.exitCode).toBe(1);
    for (const problem of ['address', 'endpoints', 'colour']) expect(said()).toContain(problem);
  });
});
