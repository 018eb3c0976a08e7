import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** Paths of PEM files that etcd serves with; clients must then prove themselves by a certificate of `ca`. */
export interface ServerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A real etcd of our own on 127.0.0.1 with a data directory of its own. */
export interface EtcdProcess {
  /** `127.0.0.1:port` of the client listener. */
  readonly endpoint: string;
  /** SIGSTOP: TCP still answers, etcd does not. */
  pause(): void;
  resume(): void;
  /** SIGKILL; the data stay for `restart`. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Kills it and removes its data. */
  remove(): Promise<void>;
}

/** etcd's own flags, without the dashes. */
type Flags = Readonly<Record<string, string>>;

/** @throws when etcd is not installed: a store that was never tried on etcd is not tested. */
export async function startEtcd(tls?: ServerTls, flags: Flags = {}): Promise<EtcdProcess> {
  const [client, peer] = [await freePort(), await freePort()];
  const cluster = { name: 'test', 'initial-cluster': `test=http://127.0.0.1:${peer}` };
  return startMember(client, peer, { ...cluster, ...(tls && tlsFlags(tls)), ...flags });
}

/** Members of one cluster, which is ready when this returns. With `tls` they also prove themselves to each other. */
export async function startEtcdCluster(count: number, tls?: ServerTls): Promise<readonly EtcdProcess[]> {
  const names = Array.from({ length: count }, (_, at) => `test-${at + 1}`);
  const ports = [];
  for (const name of names) ports.push({ name, client: await freePort(), peer: await freePort() });
  const scheme = tls ? 'https' : 'http';
  const peers = ports.map(({ name, peer }) => `${name}=${scheme}://127.0.0.1:${peer}`).join(',');
  const security = tls ? { ...tlsFlags(tls), ...tlsFlags(tls, 'peer-') } : {};
  return Promise.all(
    ports.map(({ name, client, peer }) =>
      startMember(client, peer, { name, 'initial-cluster': peers, ...security }),
    ),
  );
}

function tlsFlags({ ca, cert, key }: ServerTls, listener: '' | 'peer-' = ''): Flags {
  const files = { 'trusted-ca-file': ca, 'cert-file': cert, 'key-file': key, 'client-cert-auth': 'true' };
  return Object.fromEntries(Object.entries(files).map(([flag, value]) => [`${listener}${flag}`, value]));
}

/** Major, minor and patch of the etcd that is tried. */
export function etcdVersion(): readonly [major: number, minor: number, patch: number] {
  const said = execFileSync(findEtcd(), ['--version'], { encoding: 'utf8' });
  const [, major, minor, patch] = /etcd Version: (\d+)\.(\d+)\.(\d+)/.exec(said) ?? [];
  return [Number(major), Number(minor), Number(patch)];
}

async function startMember(client: number, peer: number, flags: Flags): Promise<EtcdProcess> {
  const binary = findEtcd();
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-etcd-'));
  const argv = etcdFlags(directory, client, peer, flags);
  const start = () => spawnEtcd(binary, argv, join(directory, 'log'));
  let child = await start();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    endpoint: `127.0.0.1:${client}`,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    kill,
    async restart() {
      await kill();
      child = await start();
    },
    async remove() {
      await kill();
      await rm(directory, { recursive: true });
    },
  };
}

function findEtcd(): string {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const found = [...directories, '/usr/sbin', '/usr/bin'].map((path) => join(path, 'etcd')).find(existsSync);
  if (found) return found;
  throw new Error(
    'these tests need a real etcd: install it with `apt-get install etcd-server` (Debian, Ubuntu)',
  );
}

function etcdFlags(directory: string, client: number, peer: number, flags: Flags): string[] {
  const url = `${'cert-file' in flags ? 'https' : 'http'}://127.0.0.1:${client}`;
  const peerUrl = `${'peer-cert-file' in flags ? 'https' : 'http'}://127.0.0.1:${peer}`;
  const options = {
    'data-dir': join(directory, 'data'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'log-outputs': join(directory, 'log'),
    logger: 'zap',
    ...flags,
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

async function spawnEtcd(binary: string, argv: readonly string[], log: string): Promise<ChildProcess> {
  const child = spawn(binary, argv, { stdio: 'ignore' });
  const deadline = Date.now() + 20_000;
  const before = await readyCount(log);
  while ((await readyCount(log)) === before) {
    const dead = child.exitCode !== null;
    if (dead || Date.now() > deadline) {
      child.kill('SIGKILL');
      const said = await readFile(log, 'utf8').catch(() => '');
      throw new Error(`etcd ${dead ? 'ended' : 'did not get ready in 20 s'}:\n${said.slice(-2000)}`);
    }
    await sleep(50);
  }
  return child;
}

async function readyCount(log: string): Promise<number> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.split(/serving (?:insecure )?client/).length;
}
