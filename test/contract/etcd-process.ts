import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** @throws when etcd is not installed: a store that was never tried on etcd is not tested. */
export async function startEtcd(tls?: ServerTls): Promise<EtcdProcess> {
  const binary = findEtcd();
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-etcd-'));
  const [client, peer] = [await freePort(), await freePort()];
  const argv = etcdFlags(directory, client, peer, tls);
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

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function findEtcd(): string {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const found = [...directories, '/usr/sbin', '/usr/bin'].map((path) => join(path, 'etcd')).find(existsSync);
  if (found) return found;
  throw new Error(
    'these tests need a real etcd: install it with `apt-get install etcd-server` (Debian, Ubuntu)',
  );
}

function etcdFlags(directory: string, client: number, peer: number, tls: ServerTls | undefined): string[] {
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const security = tls
    ? { 'trusted-ca-file': tls.ca, 'cert-file': tls.cert, 'key-file': tls.key, 'client-cert-auth': 'true' }
    : {};
  const options = {
    name: 'test',
    'data-dir': join(directory, 'data'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `test=${peerUrl}`,
    'log-outputs': join(directory, 'log'),
    logger: 'zap',
    ...security,
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
