import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../test/contract/free-port.ts';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { signLeaf } from '../pki/leaf.ts';
import { csrCommand, parseCsrs } from '../pki/remote.ts';
import { ConnectionPool } from '../ssh/pool.ts';
import { startTestServer, type TestServer } from '../ssh/test-server.ts';
import { EtcdAdmin } from './admin.ts';
import { type BootstrapOptions, bootstrapEtcd } from './bootstrap.ts';
import { clientUrl, type EtcdMember, layoutOf } from './cluster.ts';
import { etcdTimings } from './timing.ts';

/*
 * Three real etcd processes on 127.0.0.1, bootstrapped over real SSH by the real scripts with the real openssl and
 * etcdctl. Only systemctl is a stand-in: it reads the same environment files as etcd.service.
 */

const run = promisify(execFile);

const systemctl = `#!/bin/sh
dir=$ETCD_TEST_DIRECTORY
alive() { [ -s "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; }
ready() { (set -a; . "$dir/etcdctl.env"; ETCDCTL_ENDPOINTS=$ETCD_TEST_URL
  etcdctl --dial-timeout=1s --command-timeout=2s endpoint health >/dev/null 2>&1); }
case $1 in
start)
  alive || {
    set -a; . "$dir/etcd.env"; . "$dir/etcd-cluster.env"; set +a
    setsid etcd >> "$dir/etcd.log" 2>&1 < /dev/null & echo $! > "$dir/pid"
  }
  [ "$2" = --no-block ] || until ready; do sleep 0.2; done ;;
show) if alive && ready; then echo ActiveState=active; elif alive; then echo ActiveState=activating
  else echo ActiveState=inactive; fi; echo NRestarts=0 ;;
is-active) if alive && ready; then echo active; else echo inactive; fi ;;
esac
`;

const sudo = '#!/bin/sh\nshift 2\nexec "$@"\n';
const journalctl = '#!/bin/sh\ntail -n 10 "$ETCD_TEST_DIRECTORY/etcd.log" 2>/dev/null || true\n';

let root: string;
let members: readonly EtcdMember[];
let servers: readonly TestServer[];
let authority: Authority;
let options: BootstrapOptions;
const pool = new ConnectionPool();

beforeAll(async () => {
  await run('etcd', ['--version']).catch((cause) => {
    throw new Error('This test needs etcd and etcdctl on PATH: apt-get install etcd-server etcd-client', {
      cause,
    });
  });
  root = await mkdtemp(join(tmpdir(), 'flotilla-etcd-'));
  await writeExecutables(join(root, 'bin'), { systemctl, sudo, journalctl });
  members = await Promise.all([1, 2, 3].map(newMember));
  const machines = await Promise.all(members.map(newMachine));
  servers = machines.map(({ server }) => server);
  authority = await createAuthority({ name: 'flotilla test' });
  options = {
    cluster: { name: 'real', generation: 1, members, timing: etcdTimings.emulated },
    authority,
    bootstrapped: false,
    connect: (member) => pool.get(machines[members.indexOf(member)]?.target ?? fail(member.name)),
    log: () => {},
    deadline: 60,
    owner: userInfo().username,
  };
}, 30_000);

afterAll(async () => {
  await pool.close();
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(members.map(stop));
  await rm(root, { recursive: true, force: true });
}, 30_000);

function fail(name: string): never {
  throw new Error(`There is no machine ${name}.`);
}

async function writeExecutables(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory);
  for (const [name, contents] of Object.entries(files)) {
    await writeFile(join(directory, name), contents);
    await chmod(join(directory, name), 0o755);
  }
}

async function newMember(number: number): Promise<EtcdMember> {
  const directory = join(root, `core-${number}`);
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const layout = { directory, dataDirectory: join(directory, 'data'), clientPort, peerPort };
  return { name: `core-${number}`, address: '127.0.0.1', layout };
}

function newMachine(member: EtcdMember) {
  const { directory } = layoutOf(member);
  const PATH = `${join(root, 'bin')}:${process.env.PATH}`;
  return startTestServer({
    env: { PATH, ETCD_TEST_DIRECTORY: directory, ETCD_TEST_URL: clientUrl(member) },
    user: userInfo().username,
  });
}

async function stop(member: EtcdMember): Promise<void> {
  const pid = Number(await readFile(join(layoutOf(member).directory, 'pid'), 'utf8').catch(() => '0'));
  if (pid === 0 || !isAlive(pid)) return;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** etcdctl with the environment that a person on the machine gets, or with parts of it replaced. */
async function etcdctl(args: readonly string[], changes: Readonly<Record<string, string>> = {}) {
  const [member] = members;
  const directory = member === undefined ? '' : layoutOf(member).directory;
  const file = await readFile(join(directory, 'etcdctl.env'), 'utf8');
  const env = Object.fromEntries(
    file
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/).slice(0, 2)),
  );
  const limits = ['--dial-timeout=2s', '--command-timeout=4s'];
  return await run('etcdctl', [...limits, ...args], { env: { PATH: process.env.PATH, ...env, ...changes } });
}

describe('real etcd', () => {
  test('becomes a healthy cluster of three, and stays one when asked again', async () => {
    const cluster = await bootstrapEtcd(options);
    expect(cluster.members.map(({ name }) => name)).toEqual(['core-1', 'core-2', 'core-3']);
    expect(new Set(cluster.members.map(({ id }) => id)).size).toBe(3);
    const { stdout } = await etcdctl(['member', 'list', '-w', 'simple']);
    for (const { id, name } of cluster.members) expect(stdout).toContain(`${id}, started, ${name}`);
    expect(await bootstrapEtcd({ ...options, bootstrapped: true })).toEqual(cluster);
    // The test's own, and one that machines' etcd 3.5 knows and 3.4 does not.
    const unknown = /unrecognized environment variable (?!ETCD_TEST_|ETCD_EXPERIMENTAL_WARNING_UNARY_)/;
    for (const { directory } of members.map(layoutOf))
      expect(await readFile(join(directory, 'etcd.log'), 'utf8')).not.toMatch(unknown);
  }, 60_000);

  test('what it wrote is open to etcd’s own user, all but the keys', async () => {
    for (const { directory } of members.map(layoutOf)) {
      const modeOf = async (name: string) => ((await stat(join(directory, name))).mode & 0o777).toString(8);
      expect(await Promise.all(['', 'pki', 'pki/etcd.key', 'etcd.env'].map(modeOf))).toEqual([
        ...['755', '755', '600', '644'],
      ]);
    }
  });

  test('asks who is there from now on, and its own scripts go on', async () => {
    const { authority, connect } = options;
    const admin = await EtcdAdmin.open({ members, authority, connect, log: () => undefined });
    // Left open, it would keep jest from ending when this fails.
    try {
      await admin.admit([{ name: 'core-1', id: 'c'.repeat(32), address: '127.0.0.1', etcd: true }], 'keep');
      await admin.enable();
    } finally {
      await admin.close();
    }
    expect((await bootstrapEtcd({ ...options, bootstrapped: true })).members).toHaveLength(3);
  }, 60_000);

  test('plain etcdctl works with the files on the machine', async () => {
    await etcdctl(['put', 'greeting', 'hello']);
    expect((await etcdctl(['get', 'greeting', '--print-value-only'])).stdout).toBe('hello\n');
  }, 15_000);

  test('a client without a certificate is refused', async () => {
    await expect(etcdctl(['get', 'greeting'], { ETCDCTL_CERT: '', ETCDCTL_KEY: '' })).rejects.toThrow(
      /bad certificate|certificate required|deadline exceeded/,
    );
  }, 15_000);

  test('a machine’s client certificate does not open the peer port', async () => {
    const keys = [{ name: 'agent', owner: userInfo().username }];
    const { argv } = csrCommand(keys, root);
    const { stdout } = await run(argv[0] ?? '', argv.slice(1));
    const csr = parseCsrs('core-1', stdout, keys).get('agent') ?? '';
    const certificate = await signLeaf({ authority, csr, commonName: 'a'.repeat(32), usages: ['client'] });
    await writeFile(join(root, 'agent.crt'), certificate);
    const [member] = members;
    if (member === undefined) return;
    const { directory, peerPort } = layoutOf(member);
    const url = `https://127.0.0.1:${peerPort}/members`;
    const curl = (pair: string) => {
      const trust = [
        '--cacert',
        join(directory, 'pki', 'ca.crt'),
        '--cert',
        `${pair}.crt`,
        '--key',
        `${pair}.key`,
      ];
      return run('curl', ['-sS', '--http1.1', '--max-time', '5', ...trust, url]);
    };
    expect((await curl(join(directory, 'pki', 'etcd'))).stdout).toContain('core-1');
    // curl's words for a connection that the other side ended during or right after the handshake.
    await expect(curl(join(root, 'agent'))).rejects.toThrow(/curl: \((35|52|55|56)\)/);
  }, 20_000);

  test('a stopped member is started again and keeps its data', async () => {
    const [, , third] = members;
    if (third !== undefined) await stop(third);
    await bootstrapEtcd({ ...options, bootstrapped: true });
    const endpoint = { ETCDCTL_ENDPOINTS: third === undefined ? '' : clientUrl(third) };
    expect((await etcdctl(['get', 'greeting', '--print-value-only'], endpoint)).stdout).toBe('hello\n');
  }, 60_000);

  test('a member whose data vanished is not founded again', async () => {
    const [first] = members;
    if (first === undefined) return;
    await stop(first);
    await rm(layoutOf(first).dataDirectory, { recursive: true });
    await expect(bootstrapEtcd(options)).rejects.toThrow(
      /core-1 lost etcd's data while core-2, core-3 kept it/,
    );
  }, 30_000);
});
