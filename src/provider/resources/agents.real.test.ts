import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeCertificates } from '../../../test/contract/certificates.ts';
import { type EtcdProcess, startEtcd } from '../../../test/contract/etcd-process.ts';
import { rootUser } from '../../etcd/access.ts';
import { type Authority, createAuthority } from '../../pki/authority.ts';
import { createOwnLeaf } from '../../pki/own-leaf.ts';
import { FakeAgent, fakeMachine } from '../../push/fake-agent.ts';
import { FakeMachine, type Outcome } from '../../ssh/fake.ts';
import { ConnectionPool } from '../../ssh/pool.ts';
import { programName } from '../../ssh/script.ts';
import { EtcdStore } from '../../store/etcd.ts';
import { anyHandler } from '../handler.ts';
import { type AnyHandler, InitFailed, type Properties } from '../resource.ts';
import { agents } from './agents.ts';

/* A real etcd, and agents that are fakes: what etcd lets in while machines leave. */

let root: string;
let authority: Authority;
let etcd: EtcdProcess;
let store: EtcdStore;
let agent: FakeAgent;
let pool: ConnectionPool;
let handler: AnyHandler;
let log: string[];
let hosts: ReadonlyMap<string, FakeMachine>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-agents-'));
  authority = await createAuthority({ name: 'flotilla test' });
});

afterAll(() => rm(root, { recursive: true }));

beforeEach(async () => {
  etcd = await startEtcd(await writeCertificates(await mkdtemp(join(root, 'etcd-')), authority));
  const usages = ['client'] as const;
  const { certificate: cert, privateKey: key } = await createOwnLeaf({
    authority,
    commonName: rootUser,
    usages,
  });
  const tls = { ca: authority.certificate, cert, key };
  store = new EtcdStore({ endpoints: [etcd.endpoint], tls, writers: [] });
  agent = new FakeAgent([]);
  hosts = new Map(['core-1', 'worker-1'].map((name) => [name, hostOf(name)]));
  pool = new ConnectionPool(async ({ name }) => {
    const host = hosts.get(name);
    if (!host) throw new Error(`there is no machine ${name}`);
    return host.connect();
  });
  handler = anyHandler(agents(pool, async ({ name }) => Buffer.from(name)));
  log = [];
  const { bundle } = await handler.complete({}, { name: 'agents', old: undefined });
  const version = String(bundle).slice(0, 12);
  agent.machines.push(...['core-1', 'worker-1'].map((name) => fakeMachine(name, { version })));
});

afterEach(async () => {
  await pool.close();
  await store.close();
  await agent.close();
  await etcd.remove();
});

/** The real scripts by the real shell, with a folder of its own for its root. */
function hostOf(name: string): FakeMachine {
  const folder = join(root, `${name}-${Math.random()}`);
  mkdirSync(join(folder, 'etc'), { recursive: true });
  const ssh = new FakeMachine({ name });
  const run = (args: readonly string[]): Outcome => {
    const { argv = [], stdin = '' } = ssh.commands.at(-1) ?? {};
    const moved = args.map((arg) => (arg.startsWith('/') ? join(folder, arg) : arg));
    const owned = moved.map((arg) => (arg === 'root' ? userInfo().username : arg));
    const { status, ...said } = spawnSync('sh', [...argv.slice(1, 4), ...owned], {
      input: stdin,
      encoding: 'utf8',
    });
    return { status: status ?? 128, ...said };
  };
  for (const program of ['inspect-agent', 'write-files']) ssh.programs.set(program, ({ args }) => run(args));
  ssh.programs.set('systemctl', () => ({}));
  agent.gateway(name, ssh);
  ssh.ports.set(2379, (stream) => {
    const [host = '', port] = etcd.endpoint.split(':');
    const socket = connect(Number(port), host);
    stream.pipe(socket).pipe(stream);
    stream.on('close', () => socket.destroy());
    socket.on('error', () => stream.destroy());
  });
  return ssh;
}

function inputs(...names: readonly string[]): Properties {
  const machines = names.map((name, at) => ({
    ...{ name, id: fakeMachine(name).id, address: `10.0.0.${at + 1}`, host: '127.0.0.1', port: 2201 + at },
    ...{ user: 'core', hostKey: 'ssh-ed25519 AAAA', metadata: {}, cpus: 1, memory: 1024 },
    etcd: name.startsWith('core'),
  }));
  return {
    machines,
    privateKey: 'key',
    endpoints: ['https://10.0.0.1:2379'],
    caCertificate: authority.certificate,
    caPrivateKey: authority.privateKey,
    bundle: '',
  };
}

const context = {
  urn: 'urn:agents',
  name: 'agents',
  stack: 'dev',
  log: (line: string) => void log.push(line),
  signal: new AbortController().signal,
};

const created = async (...names: readonly string[]) =>
  (await handler.create(inputs(...names), context)).outputs;

async function members(): Promise<string[]> {
  const { keys } = await store.list('/flotilla/members/');
  return keys.map(({ value }) => JSON.parse(value).name).sort();
}

test('a machine with the id of another, or with etcd’s root, is told of before anything is signed or let in', async () => {
  const wanted = inputs('core-1', 'worker-1');
  const machines = Array.isArray(wanted.machines) ? wanted.machines : [];
  for (const [id, message] of [
    [fakeMachine('core-1').id, 'worker-1: its machine id [0-9a-f]{32} is that of core-1'],
    ['root', 'worker-1: its machine id is "root", which is none'],
  ]) {
    const stolen = machines.map((each) => (each.name === 'worker-1' ? { ...each, id } : each));
    const given = { ...wanted, machines: stolen };
    await expect(handler.preview(given, undefined, context)).rejects.toThrow(new RegExp(`${message}`));
    await expect(handler.create(given, context)).rejects.toThrow(new RegExp(`${message}`));
  }
  expect([...hosts.values()].flatMap(({ commands }) => commands)).toEqual([]);
  expect(await members()).toEqual([]);
});

test('who took etcd’s root for an id can be taken out, and is let in nowhere on the way', async () => {
  const old = await created('core-1', 'worker-1');
  const before = Array.isArray(old.machines) ? old.machines : [];
  const attacked = before.map((each) => (each.name === 'worker-1' ? { ...each, id: 'root' } : each));
  await handler.update('dev/agents', inputs('core-1'), { ...old, machines: attacked }, context);
  expect(await members()).toEqual(['core-1']);
});

const steps = () =>
  agent.requests.flatMap((request) =>
    /^POST .*\/(cordon|drain|uncordon)$/.test(request) ? (request.split('/').at(-1) ?? []) : [],
  );

describe('a machine that leaves the stack', () => {
  test('is a member until it is empty, and none from then on', async () => {
    const old = await created('core-1', 'worker-1');
    const seen: Promise<string[]>[] = [];
    agent.intercept = (request) => {
      if (/drain$/.test(request)) seen.push(members());
      return undefined;
    };
    const outputs = await handler.update('dev/agents', inputs('core-1'), old, context);
    expect(steps()).toEqual(['cordon', 'drain', 'drain']);
    expect(await Promise.all(seen)).toEqual([
      ['core-1', 'worker-1'],
      ['core-1', 'worker-1'],
    ]);
    expect(await members()).toEqual(['core-1']);
    expect(outputs).toMatchObject({ leaving: [], stale: [] });
    expect(log).toContainEqual(expect.stringMatching(/^etcd: refuses [0-9a-f]{32} from now on/));
  });

  test('and can’t be emptied stays a member and in the state; the next run goes on', async () => {
    const old = await created('core-1', 'worker-1');
    agent.intercept = (request) =>
      /drain$/.test(request)
        ? { status: 500, body: { error: { code: 500, message: 'disk is full' } } }
        : undefined;
    const failed: unknown = await handler
      .update('dev/agents', inputs('core-1'), old, context)
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(InitFailed);
    expect(failed).toMatchObject({ message: expect.stringContaining('disk is full') });
    const { outputs } = failed instanceof InitFailed ? failed : { outputs: {} };
    expect(outputs).toMatchObject({ machines: [{ name: 'core-1' }], leaving: [{ name: 'worker-1' }] });
    expect(await members()).toEqual(['core-1', 'worker-1']);
    agent.intercept = () => undefined;
    await handler.update('dev/agents', inputs('core-1'), { ...old, ...outputs }, context);
    expect(await members()).toEqual(['core-1']);
  });

  test('and comes back into the config takes units again', async () => {
    const old = await created('core-1', 'worker-1');
    const worker = fakeMachine('worker-1').id;
    await handler.update('dev/agents', inputs('core-1'), old, context);
    expect(agent.machines.find(({ id }) => id === worker)?.cordon).toMatchObject({ force: true });
    await handler.update(
      'dev/agents',
      inputs('core-1', 'worker-1'),
      { ...old, ...inputs('core-1') },
      context,
    );
    expect(agent.machines.find(({ id }) => id === worker)?.cordon).toBeUndefined();
    expect(await members()).toEqual(['core-1', 'worker-1']);
  });

  test('refresh tells of no drift while one is on its way out', async () => {
    const old = await created('core-1', 'worker-1');
    const leaving = [
      ...(Array.isArray(old.machines) ? old.machines : []).filter(({ name }) => name === 'worker-1'),
    ];
    const halfway = { ...old, ...inputs('core-1'), bundle: old.bundle, leaving };
    const found = await handler.read('dev/agents', halfway, inputs('core-1'), context);
    expect(found?.outputs.stale).toEqual([]);
  });
});

describe('a machine of a system without packages', () => {
  const has = new Map<string, string>();
  /** `worker-1`, which says what it has and takes what it is sent. */
  function flatcar(): { readonly ssh: FakeMachine; readonly inputs: Properties } {
    has.clear();
    const ssh = hosts.get('worker-1') ?? hostOf('worker-1');
    ssh.programs.set('flotilla-programs', () => ({
      stdout: ['architecture x86_64', 'asks yes', ...[...has].map((each) => each.join(' '))].join('\n'),
    }));
    ssh.programs.set('flotilla-send', ({ args: [path = '', digest = ''] }) => {
      has.set(path.replace('/opt/flotilla/', ''), digest);
      return {};
    });
    const all = inputs('core-1', 'worker-1');
    const machines = Array.isArray(all.machines) ? all.machines : [];
    const systems = machines.map((each) => (each.name === 'worker-1' ? { ...each, os: 'flatcar' } : each));
    return { ssh, inputs: { ...all, machines: systems } };
  }

  test('has Node.js and busybox before its agent is there', async () => {
    const { ssh, inputs: wanted } = flatcar();
    await handler.create(wanted, context);
    expect([...has.keys()]).toEqual(['node', 'busybox']);
    const names = ssh.commands.map((command) => programName(command));
    expect(names.lastIndexOf('flotilla-send')).toBeLessThan(names.indexOf('write-files'));
    expect(log).toContain('Node.js: sending node 22.23.3 to worker-1: it is not there');
  });

  test('and that lost one of them is told of by refresh, and gets it again', async () => {
    const { inputs: wanted } = flatcar();
    const { outputs: old } = await handler.create(wanted, context);
    has.delete('busybox');
    const found = await handler.read('dev/agents', old, wanted, context);
    expect(found?.outputs.stale).toEqual(['worker-1 (/opt/flotilla/busybox: it is not there)']);
    await handler.update('dev/agents', wanted, old, context);
    expect([...has.keys()]).toEqual(['node', 'busybox']);
  });

  test('is named by the first preview', async () => {
    await handler.preview(flatcar().inputs, undefined, context);
    expect(log).toEqual([
      'send node 22.23.3 and busybox 1.37.0-6+b9 to worker-1, into /opt/flotilla: Flatcar has none',
    ]);
  });
});

describe('preview', () => {
  test('says what becomes of the units of a machine that leaves', async () => {
    const old = await created('core-1', 'worker-1');
    const worker = fakeMachine('worker-1').id;
    for (const name of ['web@1.service', 'web@2.service', 'db.service']) {
      agent.put(name, '[Service]\nExecStart=/bin/true\n');
      const placement = agent.views.get(name)?.placements[0];
      if (placement) agent.change(name, { placements: [{ ...placement, machineId: worker }] });
    }
    agent.departures.set('db.service', {
      outcome: 'stays',
      reason: 'no other machine has metadata disk=ssd',
    });
    log.length = 0;
    await handler.preview(inputs('core-1'), old, context);
    expect(log).toEqual([
      'worker-1 leaves: 2 units move (web@1.service, web@2.service); db.service ends, since no other machine takes it (no other machine has metadata disk=ssd)',
    ]);
    expect(steps()).toEqual([]);
  });

  test('fails for no cluster that can’t be asked, and says nothing when nobody leaves', async () => {
    const old = await created('core-1', 'worker-1');
    log.length = 0;
    await handler.preview(inputs('core-1', 'worker-1'), old, context);
    expect(log).toEqual([]);
    agent.intercept = () => ({ status: 503, body: { error: { code: 503, message: 'no etcd' } } });
    await handler.preview(inputs('core-1'), old, context);
    expect(log).toEqual(['worker-1 leaves: its units go to other machines first']);
  });

  test('of a machine whose replacement is still to come', async () => {
    const old = await created('core-1', 'worker-1');
    const wanted = inputs('core-1', 'worker-1');
    const machines = Array.isArray(wanted.machines) ? wanted.machines : [];
    const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
    const known = {
      ...wanted,
      machines: machines.map((each) => (each.name === 'worker-1' ? { ...each, id: unknown } : each)),
    };
    log.length = 0;
    await handler.preview(known, old, context);
    expect(log).toEqual([
      'worker-1 is replaced: when the new one is there, the units of the old one go to other machines, and then it goes',
    ]);
  });
});
