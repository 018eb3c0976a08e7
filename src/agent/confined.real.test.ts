import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { writeCertificates } from '../../test/contract/certificates.ts';
import { type EtcdProcess, startEtcd } from '../../test/contract/etcd-process.ts';
import { EtcdAdmin } from '../etcd/admin.ts';
import { standardLayout } from '../etcd/cluster.ts';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { serviceNames } from '../pki/name-constraints.ts';
import { createOwnLeaf } from '../pki/own-leaf.ts';
import { signServiceLeaf } from '../pki/service-leaf.ts';
import { createSigningRequest } from '../pki/signing-request.ts';
import { sampleMachine } from '../scheduler/sample.ts';
import { ConnectionPool } from '../ssh/pool.ts';
import { startTestServer } from '../ssh/test-server.ts';
import { systemClock } from '../store/clock.ts';
import { type ClusterState, readCluster } from '../store/cluster-state.ts';
import { EtcdStore } from '../store/etcd.ts';
import {
  certificateKey,
  encodeAddress,
  encodeCertificate,
  encodeMachine,
  encodeRegistration,
  encodeRequest,
  encodeStatus,
  machineKey,
  memberKey,
  prefixes,
  requestKey,
  serviceKey,
  statusKey,
} from '../store/keys.ts';
import { Forbidden } from '../store/store.ts';
import { runAgent } from './agent.ts';
import { applyChange, parseChange } from './api/change.ts';
import { setCordon } from './api/cordon.ts';
import { servicesReply } from './api/services.ts';
import type { SignServiceLeaf } from './engine/certificates.ts';
import { FakeImageHost } from './image/fake-image-host.ts';
import { FakeCertificateFiles } from './machine/certificate-files.ts';
import { FakeSystemd } from './systemd/fake-systemd.ts';

/* Agents with the certificates that they have on real machines, on an etcd that asks who is there. */

jest.setTimeout(60_000);

const machines = [
  { name: 'core-1', id: 'c'.repeat(32), address: '10.0.0.1', etcd: true },
  { name: 'worker-1', id: 'a'.repeat(32), address: '10.0.0.2', etcd: false },
] as const;
const [core, worker] = machines;

let folder: string;
let authority: Authority;
let services: Authority;
let etcd: EtcdProcess;
let admin: EtcdAdmin;
let ssh: Awaited<ReturnType<typeof startTestServer>>;
const pool = new ConnectionPool();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-confined-'));
  authority = await createAuthority({ name: 'test' });
  services = await createAuthority({ name: 'test services', permitted: serviceNames });
  etcd = await startEtcd(await writeCertificates(folder, authority));
  ssh = await startTestServer();
  admin = await openAdmin();
});

function openAdmin(shared: readonly string[] = []): Promise<EtcdAdmin> {
  const clientPort = Number(etcd.endpoint.split(':')[1]);
  return EtcdAdmin.open({
    members: [{ name: 'core-1', address: '127.0.0.1', layout: { ...standardLayout, clientPort } }],
    authority,
    shared,
    connect: () => pool.get(ssh.target),
    log: () => undefined,
  });
}

afterEach(async () => {
  await admin?.close();
  await pool.close();
  await ssh?.server.close();
  await etcd?.remove();
  await rm(folder, { recursive: true });
});

async function protect(): Promise<void> {
  await admin.admit(machines, 'remove');
  await admin.enable();
}

async function storeOf(id: string): Promise<EtcdStore> {
  const { certificate: cert, privateKey: key } = await createOwnLeaf({
    authority,
    commonName: id,
    usages: ['client'],
  });
  const tls = { ca: authority.certificate, cert, key };
  return new EtcdStore({ endpoints: [etcd.endpoint], tls, writers: [core.name] });
}

async function startAgent({ name, id, address, etcd: candidate }: (typeof machines)[number]) {
  const store = await storeOf(id);
  const log: string[] = [];
  const stop = new AbortController();
  const machine = {
    id,
    name,
    address,
    metadata: { role: name },
    capacity: { cpus: 1, memory: 1024 },
    version: '1',
    bootId: 'boot',
  };
  const say = (line: string) => void log.push(line);
  const [systemd, imageHost] = [new FakeSystemd(), new FakeImageHost(id, new Map())];
  const files = new FakeCertificateFiles();
  const certificateTools = { files, authority: services.certificate, wallNow: Date.now };
  const sign: SignServiceLeaf = (csr, leaf) => signServiceLeaf({ authority: services, csr, leaf });
  const ended = runAgent(
    {
      ...{ store, systemd, clock: systemClock, log: say, machine, candidate, leaseTtl: 2 },
      ...{ imageHost, certificateTools, ...(candidate && { sign }) },
    },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await ended;
    await store.close();
  };
  return { store, log, files, end };
}

async function until(store: EtcdStore, condition: (cluster: ClusterState) => boolean): Promise<void> {
  while (!condition(await readCluster(store))) await sleep(50);
}

test('a machine without etcd does all of its work with its own certificate, and leads never', async () => {
  await protect();
  const agents = await Promise.all(machines.map(startAgent));
  const [coreAgent, workerAgent] = agents;
  if (!coreAgent || !workerAgent) throw new Error('there are two agents');
  const { store } = coreAgent;
  await until(store, ({ machines, leader }) => machines.length === 2 && leader === core.id);
  const contents =
    '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nService=app\nPort=80\n' +
    '[X-Fleet]\nMachineMetadata=role=worker-1\n';
  const put = [{ name: 'a.service', contents, targetState: 'launched' }];
  const change = parseChange({ put, destroy: [] });
  await expect(applyChange(workerAgent.store, change)).rejects.toMatchObject({
    name: 'Forbidden',
    message: expect.stringContaining('ask the agent on core-1'),
  });
  await applyChange(store, change);
  await until(store, ({ statuses }) =>
    statuses.some(({ machineId, active }) => machineId === worker.id && active === 'active'),
  );
  // Whoever has a machine's certificate reads it, as etcdctl does.
  const { keys } = await workerAgent.store.list(prefixes.service);
  expect(keys).toEqual([
    expect.objectContaining({
      key: `/flotilla/services/${worker.id}/app/a.service`,
      value: '{"machine":"worker-1","address":"10.0.0.2","port":80}',
      lease: expect.any(String),
    }),
  ]);
  const told = await workerAgent.store.list(prefixes.keeper);
  expect(told.keys).toContainEqual(
    expect.objectContaining({ key: `/flotilla/keepers/${worker.id}`, lease: expect.any(String) }),
  );
  await applyChange(store, parseChange({ put: [], destroy: ['a.service'] }));
  await until(store, ({ statuses, registrations }) => statuses.length + registrations.length === 0);
  await coreAgent.end();
  // The leader's key is free now, and the worker is the only one there.
  await until(workerAgent.store, ({ leader }) => leader === undefined);
  await sleep(3000);
  expect((await readCluster(workerAgent.store)).leader).toBeUndefined();
  await workerAgent.end();
  expect(workerAgent.log).toContain('worker-1 is a member of the cluster');
  expect(workerAgent.log.join('\n')).not.toMatch(/try|etcd|lead/);
});

test('a machine without etcd gets a certificate for its unit with the rights that it has', async () => {
  await protect();
  const agents = await Promise.all(machines.map(startAgent));
  const [coreAgent, workerAgent] = agents;
  if (!coreAgent || !workerAgent) throw new Error('there are two agents');
  const { store } = coreAgent;
  await until(store, ({ machines, leader }) => machines.length === 2 && leader === core.id);
  const own = '[X-Flotilla]\nCertificate=yes\n[X-Fleet]\nMachineMetadata=role=worker-1\n';
  const contents = `[Service]\nExecStart=/bin/sleep inf\n${own}`;
  const put = [{ name: 'a.service', contents, targetState: 'launched' }];
  await applyChange(store, parseChange({ put, destroy: [] }));
  await until(store, ({ statuses }) => statuses.some(({ certificate }) => certificate !== undefined));
  await until(store, ({ requests, certificates }) => requests.length + certificates.length === 0);
  expect([[...workerAgent.files.sets.keys()], coreAgent.files.sets.size]).toEqual([['a.service'], 0]);
  for (const agent of agents) await agent.end();
});

test('agents that run already go on while etcd begins to ask who they are', async () => {
  const agents = await Promise.all(machines.map(startAgent));
  const [coreAgent] = agents;
  if (!coreAgent) throw new Error('there are two agents');
  const { store } = coreAgent;
  await until(store, ({ machines, leader }) => machines.length === 2 && leader === core.id);
  await protect();
  const contents = '[Service]\nExecStart=/bin/sleep inf\n[X-Fleet]\nMachineMetadata=role=worker-1\n';
  const put = [{ name: 'a.service', contents, targetState: 'launched' }];
  await applyChange(store, parseChange({ put, destroy: [] }));
  await until(store, ({ statuses }) => statuses.some(({ active }) => active === 'active'));
  // Longer than any lease lives without being renewed.
  await sleep(3000);
  for (const agent of agents) {
    expect(agent.log.join('\n')).not.toMatch(/lost|try|etcd/);
    await agent.end();
  }
});

test('a key that a unit chooses is written below the prefixes of the config, and silences nobody without them', async () => {
  const generous = await openAdmin(['/app/']);
  await generous.admit(machines, 'remove');
  await generous.enable();
  await generous.close();
  const agents = await Promise.all(machines.map(startAgent));
  const [coreAgent, workerAgent] = agents;
  if (!coreAgent || !workerAgent) throw new Error('there are two agents');
  const { store } = coreAgent;
  await until(store, ({ machines, leader }) => machines.length === 2 && leader === core.id);
  const choosing = (name: string, key: string) => {
    const services = `Service=app\nPort=80\nServiceKey=${key}\n`;
    const here = '[X-Fleet]\nMachineMetadata=role=worker-1\n';
    const contents = `[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\n${services}${here}`;
    return { name, contents, targetState: 'launched' as const };
  };
  const put = [choosing('a.service', '/app/server/1'), choosing('b.service', '/other/1')];
  await applyChange(store, parseChange({ put, destroy: [] }));
  const chosen = async () => (await store.list('/app/')).keys.map(({ key, value }) => `${key} ${value}`);
  while ((await chosen()).length === 0) await sleep(50);
  expect(await chosen()).toEqual(['/app/server/1 10.0.0.2:80']);
  await until(store, ({ registrations }) => registrations.length === 2);
  while (!workerAgent.log.some((line) => line.includes('/other/1'))) await sleep(50);
  // Taken out of the config: what the worker says of its units goes on.
  await admin.admit(machines, 'remove');
  await applyChange(store, parseChange({ put: [], destroy: ['a.service', 'b.service'] }));
  await until(store, ({ statuses, registrations }) => statuses.length + registrations.length === 0);
  for (const agent of agents) await agent.end();
});

describe('whoever has stolen a machine’s certificate', () => {
  const offline = { name: 'worker-2', id: 'b'.repeat(32), address: '10.0.0.3', etcd: false };

  test('can’t be another machine, nor end its cordon', async () => {
    await admin.admit([...machines, offline], 'remove');
    await admin.enable();
    const agent = await startAgent(core);
    await until(agent.store, ({ leader }) => leader === core.id);
    await setCordon(agent.store, offline.name, { drain: true, reason: 'new disk' });
    const thief = await storeOf(worker.id);
    const lie = { ...sampleMachine(1), id: worker.id, name: offline.name, address: offline.address };
    const success = [{ put: machineKey(worker.id), value: encodeMachine(lie) }];
    await thief.transact({ compare: [], success });
    await until(agent.store, ({ met }) => met.has(worker.id));
    const { machines: found, met, cordons } = await readCluster(agent.store);
    expect(found).toContainEqual(
      expect.objectContaining({ id: worker.id, name: worker.name, address: worker.address }),
    );
    expect(met.get(worker.id)).toEqual({ name: worker.name, address: worker.address });
    expect([...cordons.keys()]).toEqual([offline.id]);
    const member = [{ put: memberKey(worker.id), value: encodeAddress(offline) }];
    await expect(thief.transact({ compare: [], success: member })).rejects.toThrow(Forbidden);
    await thief.close();
    await agent.end();
  });

  test('can’t offer a service in another machine’s name, nor one that the engine did not give it', async () => {
    await protect();
    const agent = await startAgent(core);
    await until(agent.store, ({ leader }) => leader === core.id);
    const thief = await storeOf(worker.id);
    const lie = { service: 'db', unit: 'db.service', machine: core.name, address: core.address, port: 5432 };
    const register = (machineId: string) =>
      thief.transact({
        compare: [],
        success: [
          {
            put: serviceKey(machineId, lie.service, lie.unit),
            value: encodeRegistration({ ...lie, machineId }),
          },
        ],
      });
    await expect(register(core.id)).rejects.toThrow(Forbidden);
    await register(worker.id);
    await until(agent.store, ({ registrations }) => registrations.length === 1);
    expect(servicesReply(await readCluster(agent.store))).toEqual({ services: [] });
    await thief.close();
    await agent.end();
  });

  test('can’t ask in another machine’s name, sign, nor get a certificate for a unit that it was not given', async () => {
    await protect();
    const agent = await startAgent(core);
    await until(agent.store, ({ leader }) => leader === core.id);
    const contents = '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nCertificate=yes\n';
    const put = [{ name: 'db.service', contents, targetState: 'launched' }];
    await applyChange(agent.store, parseChange({ put, destroy: [] }));
    const thief = await storeOf(worker.id);
    const write = (key: string, value: string) =>
      thief.transact({ compare: [], success: [{ put: key, value }] });
    const asked = (machineId: string) => {
      const request = { unit: 'db.service', machineId, csr: createSigningRequest().csr };
      return write(requestKey(machineId, 'db.service'), encodeRequest(request));
    };
    await expect(asked(core.id)).rejects.toThrow(Forbidden);
    for (const machineId of [core.id, worker.id]) {
      const answer = { unit: 'db.service', machineId, request: 'a'.repeat(64), certificate: 'x' };
      const answered = write(certificateKey(machineId, 'db.service'), encodeCertificate(answer));
      await expect(answered).rejects.toThrow(Forbidden);
    }
    await asked(worker.id);
    const installed = () => [...agent.files.sets.keys()];
    const isDone = ({ requests, statuses }: ClusterState) => requests.length === 0 && statuses.length === 1;
    await until(agent.store, (cluster) => isDone(cluster) && installed().length > 0);
    const all = (await readCluster(agent.store)).certificates;
    expect(all.filter(({ machineId }) => machineId === worker.id)).toEqual([]);
    expect(installed()).toEqual(['db.service']);
    await thief.close();
    await agent.end();
  });

  test('can’t keep a unit with Fence=stop from being started', async () => {
    await protect();
    const agent = await startAgent(core);
    await until(agent.store, ({ leader }) => leader === core.id);
    const thief = await storeOf(worker.id);
    const unit = 'a.service';
    const status = {
      unit,
      machineId: worker.id,
      hash: 'f'.repeat(64),
      load: 'loaded',
      active: 'active',
      sub: 'running',
    };
    const success = [{ put: statusKey(worker.id, unit), value: encodeStatus(status) }];
    await thief.transact({ compare: [], success });
    const contents = '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nFence=stop\n';
    const put = [{ name: unit, contents, targetState: 'launched' }];
    await applyChange(agent.store, parseChange({ put, destroy: [] }));
    await until(agent.store, ({ statuses }) =>
      statuses.some(({ machineId, active }) => machineId === core.id && active === 'active'),
    );
    await thief.close();
    await agent.end();
  });
});
