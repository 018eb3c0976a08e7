import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import * as z from 'zod';
import { FakeHost } from '../hosts/fake-host.ts';
import { connect } from '../ssh/connect.ts';
import { generateSshKey } from '../ssh/key-pair.ts';
import { ConnectionPool } from '../ssh/pool.ts';
import { fingerprint, publicKeyBlob } from '../ssh/public-key.ts';
import { startTestServer } from '../ssh/test-server.ts';
import { FakeProbes } from './fake-probes.ts';
import { hostsChecks } from './hosts.ts';
import { sampleSubject, told } from './sample-subject.ts';
import type { StackState } from './subject.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-hosts-'));
const identityFile = join(folder, 'id');
writeFileSync(identityFile, generateSshKey('owner').privateKey);
afterAll(() => rmSync(folder, { recursive: true }));

const anyKey = `SHA256:${'a'.repeat(43)}`;
const host = (address: string, more = '') =>
  `{address: ${address}, user: admin, hostKey: "${anyKey}", clusterAddress: 10.0.0.5${more}}`;
const configOf = (...hosts: string[]) => `config:
  flotilla:platform: hosts
  flotilla:hosts: {identityFile: ${identityFile}, machines: {worker: [${hosts.join(', ')}], core: [{address: 10.0.0.4, user: admin, hostKey: "${anyKey}"}]}}
  flotilla:machines: {core: {count: 1, etcd: true}, worker: {count: ${hosts.length}}}
`;

let probes: FakeProbes;
beforeEach(() => {
  probes = new FakeProbes();
  probes.machines.set('10.0.0.4', new FakeHost({ addresses: ['10.0.0.4'], machineId: '4'.repeat(32) }));
});

const lines = (text: string, state?: StackState) => told(hostsChecks(sampleSubject(text, { state })), probes);

test('hosts that can be used', async () => {
  probes.machines.set('10.0.0.5', new FakeHost());
  expect(await lines(configOf(host('10.0.0.5')))).toEqual([
    'host core-1 ok 10.0.0.4:22: Debian GNU/Linux 13 (trixie), 2 CPUs, 2000 MiB',
    'host worker-1 ok 10.0.0.5:22: Debian GNU/Linux 13 (trixie), 2 CPUs, 2000 MiB',
    'twins ok 2 of 2 hosts were reached, and each has a machine id of its own',
  ]);
});

test('all that preflight finds is told, and twins among them', async () => {
  probes.machines.set(
    '10.0.0.5',
    new FakeHost({ os: 'debian 11 Debian 11', cpus: 0, machineId: '4'.repeat(32) }),
  );
  const all = await lines(configOf(host('10.0.0.5')));
  expect(all).toEqual([
    expect.stringMatching(/^host core-1 ok /),
    expect.stringMatching(
      /^host worker-1 problem flotilla:hosts.machines.worker.0: runs Debian 11, which cannot be used: .* → install Debian 13/,
    ),
    expect.stringMatching(/^host worker-1 problem flotilla:machines.worker.cpus: 1 are asked for/),
    expect.stringMatching(
      /^twins problem flotilla:hosts.machines.worker.0: worker-1 has the machine id of core-1/,
    ),
  ]);
});

test('a host that does not answer is one problem', async () => {
  const all = await lines(configOf(host('10.0.0.9')));
  expect(all[1]).toMatch(
    /^host worker-1 problem flotilla:hosts.machines.worker.0: 10.0.0.9 does not answer → see/,
  );
  expect(all[2]).toBe('twins warning 1 of 2 hosts were reached, so not all are compared → mend that first');
});

test('one that shows another host key than the one that is pinned is refused, over real SSH', async () => {
  const { server, target } = await startTestServer();
  try {
    const fake = probes.connect;
    probes.connect = (to, options) => (to.host === target.host ? connect : fake)(to, options);
    const all = await lines(configOf(host(target.host, `, port: ${target.port}`)));
    const shown = fingerprint(publicKeyBlob(target.hostKey));
    expect(all[1]).toContain(
      `host worker-1 problem flotilla:hosts.machines.worker.0.hostKey: 127.0.0.1:${target.port} showed the host key ${shown}`,
    );
    expect(server.authentications).toBe(0);
  } finally {
    await server.close();
  }
});

test('a bastion that says nothing is blamed, and not the host behind it', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume());
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.number() }).parse(silent.address());
  const pool = new ConnectionPool();
  try {
    // Its own deadline comes first, as the host's may: both are of 10 s.
    probes.connect = (to, options) => pool.get(to, { ...options, deadline: 0.2 });
    const jump = `{address: 127.0.0.1, port: ${port}, user: jump, hostKey: "${anyKey}", identityFile: ${identityFile}}`;
    const subject = sampleSubject(`${configOf(host('10.0.0.5'))}  flotilla:proxyJump: ${jump}\n`, {});
    const checks = hostsChecks(subject);
    for (const line of (await told(checks, probes)).slice(0, 2))
      expect(line).toMatch(
        /^host \S+ problem flotilla:proxyJump: the bastion 127\.0\.0\.1:\d+ did not answer .* → see that the bastion runs/,
      );
    expect(checks[1]?.fix).toBe(`ssh -J jump@127.0.0.1:${port} -p 22 admin@10.0.0.5 sudo -n true`);
  } finally {
    await pool.close();
    silent.close();
  }
});

test('hosts that are machines of the cluster by now are looked at as such, and not here', async () => {
  const machines = [{ name: 'core-1', etcd: true }];
  const cluster = { machines, connect: () => Promise.reject(new Error('not asked')) };
  probes.machines.set('10.0.0.5', new FakeHost());
  expect(
    (await lines(configOf(host('10.0.0.5')), { kind: 'up', cluster })).map((line) => line.slice(0, 13)),
  ).toEqual(['host worker-1']);
});

test('without a config that can be used there are no hosts to look at', async () => {
  expect(await lines('config: {flotilla:platform: hosts}')).toEqual([]);
});
