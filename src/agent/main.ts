import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { agentFiles } from '../model/agent-files.ts';
import type { Machine } from '../model/machine.ts';
import { messageOf } from '../model/message-of.ts';
import { systemClock } from '../store/clock.ts';
import { EtcdStore } from '../store/etcd.ts';
import { ownCertificateTools, runAgent } from './agent.ts';
import { serveApi } from './api/api.ts';
import { findVerifier } from './api/verify.ts';
import { type AgentConfig, readConfig, readServices, readTls, type ServicesAuthority } from './config.ts';
import type { SignServiceLeaf } from './engine/certificates.ts';
import { dialMachine } from './engine/dial.ts';
import { LocalImageHost } from './image/local-image-host.ts';
import type { Log } from './log.ts';
import { FollowedServices } from './machine/followed.ts';
import { serveFollowed } from './serve-followed.ts';
import { ThreadSigner } from './signer.ts';
import { DbusSystemd } from './systemd/dbus-systemd.ts';

/** As pushes have them: `defaultPlaces` in src/image/look.ts. */
const imagePlaces = { docker: '/run/docker.sock', folder: '/var/cache/flotilla/images' };

/** Milliseconds after SIGTERM until the process ends even if etcd does not answer any more. */
const farewell = 3000;

/** journald adds the time, and one line is one event there. */
const log: Log = (line) => void process.stdout.write(`${line.replaceAll('\n', ' ')}\n`);

// gRPC names the server in TLS by its IP address, which Node calls deprecated at every start. Nobody who reads a
// machine's journal can do anything about that.
process.noDeprecation = true;

// The agent waits more than it works, and its machine's memory is its units': it may collect garbage more often
// (`node --v8-options`).
setFlagsFromString('--semi-space-growth-factor=1');

async function main(configFile: string): Promise<void> {
  const config = await readConfig(configFile);
  const machine = await describeMachine(config);
  const { endpoints, engines: writers, version, socket, leaseTtl } = config;
  const tls = await readTls(config);
  const store = new EtcdStore({ endpoints, writers, tls });
  const services = await readServices(config);
  let refusal: string | undefined = `${machine.name} has not joined the cluster yet`;
  const onStanding = (why: string | undefined) => {
    refusal = why;
  };
  const verifier = await findVerifier();
  const context = { store, machineId: machine.id, version, refusal: () => refusal, ...verifier };
  const server = await serveApi(socket, context, log);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  stop.signal.addEventListener('abort', () => setTimeout(() => process.exit(0), farewell).unref());
  log(`agent ${version} of ${machine.name} serves ${socket}`);
  const systemd = new DbusSystemd();
  const dial = dialMachine;
  const candidate = writers.length === 0 || writers.includes(machine.name);
  const clock = systemClock;
  const imageHost = new LocalImageHost({ tls, address: machine.address, ...imagePlaces });
  const followed = new FollowedServices(clock, config.followed);
  const certificateTools = ownCertificateTools(services?.certificate);
  const agent = { store, systemd, clock, log, machine, leaseTtl, dial, candidate, onStanding };
  const answering = answerBalancers(config, followed, stop.signal);
  await runAgent({ ...agent, imageHost, followed, certificateTools, ...signerOf(services) }, stop.signal);
  await answering;
  log('ends; units keep running');
  server.close();
  server.closeAllConnections();
  await systemd.close();
  await store.close();
}

/** Only where one asks. */
async function answerBalancers(
  { address, followed }: AgentConfig,
  services: FollowedServices,
  signal: AbortSignal,
): Promise<void> {
  if (followed === undefined) return;
  await serveFollowed({ address, port: followed.port }, (path) => services.answer(path), log, signal);
}

/** `signer-thread.ts` with all that it needs; `buildBundle` puts it here. */
declare const signerThread: string;

function signerOf(services: ServicesAuthority | undefined): { readonly sign?: SignServiceLeaf } {
  if (services?.privateKey === undefined) return {};
  const { certificate, privateKey } = services;
  const authority = { certificate, privateKey };
  const signer = new ThreadSigner(signerThread);
  return { sign: (csr, leaf) => signer.sign({ authority, csr, leaf }) };
}

async function describeMachine({ name, address, metadata, version }: AgentConfig): Promise<Machine> {
  const [id, bootId] = await Promise.all(
    ['/etc/machine-id', '/proc/sys/kernel/random/boot_id'].map(async (file) =>
      (await readFile(file, 'utf8')).trim(),
    ),
  );
  if (!id || !/^[0-9a-f]{32}$/.test(id)) {
    throw new Error('/etc/machine-id holds no machine id; run systemd-machine-id-setup');
  }
  const capacity = { cpus: cpus().length, memory: Math.floor(totalmem() / 1024 / 1024) };
  return { id, name, address, metadata, capacity, version, bootId: bootId ?? '' };
}

main(process.argv[2] ?? agentFiles.config).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
