import { agentFiles } from '../model/agent-files.ts';
import type { Followed } from '../model/followed.ts';
import { leaseSeconds } from '../model/lease.ts';
import type { Machine } from '../model/machine.ts';
import type { Authority } from '../pki/authority.ts';
import type { RemoteFile } from '../ssh/write-files.ts';

/** The agent's program, as one file that runs on the machine's own Node. */
export interface AgentBundle {
  readonly bytes: Uint8Array;
  /** sha256, lower-case hex */
  readonly sha256: string;
}

/** The version that an agent of this bundle announces, and by which it is known to be the new one. */
export function versionOf({ sha256 }: AgentBundle): string {
  return sha256.slice(0, 12);
}

/** What an agent is told about itself and the cluster: the contents of its configuration file. */
export interface AgentSettings {
  readonly machine: Pick<Machine, 'name' | 'address' | 'metadata'>;
  /** etcd's client listeners as `host:port` */
  readonly endpoints: readonly string[];
  /** Names of the machines with etcd: their agents run the engine and take changes. */
  readonly engines: readonly string[];
  /** What a load balancer asks the machine for. */
  readonly followed?: Followed | undefined;
  /** The authority for services. Its key goes to machines whose agents run the engine, and to no other. */
  readonly services?: Authority;
}

export function agentConfig(settings: AgentSettings, version: string): string {
  const { machine, endpoints, engines, followed, services } = settings;
  const { servicesAuthority: ca, servicesKey: key } = agentFiles;
  const config = {
    ...machine,
    endpoints: nearestFirst(endpoints, machine),
    engines,
    ...(followed && { followed }),
    tls: { ca: agentFiles.authority, cert: agentFiles.certificate, key: agentFiles.key },
    ...(services && { services: { ca, ...(signs(settings) && { key }) } }),
    leaseTtl: leaseSeconds,
    version,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** What the machine gets of the authority for services, with where it goes; in one order, by which they are hashed. */
export function servicesFiles(settings: AgentSettings): RemoteFile[] {
  const { services } = settings;
  if (!services) return [];
  const key = { path: agentFiles.servicesKey, contents: services.privateKey, mode: '0600' };
  return [
    { path: agentFiles.servicesAuthority, contents: services.certificate, mode: '0644' },
    ...(signs(settings) ? [key] : []),
  ];
}

/** Whoever may lead may have to sign. */
function signs({ machine, engines }: AgentSettings): boolean {
  return engines.includes(machine.name);
}

/** Its own etcd, or else one that follows from its address: agents ask the first, and that shall not be one for all. */
function nearestFirst(
  endpoints: readonly string[],
  { address }: Pick<Machine, 'address'>,
): readonly string[] {
  const own = endpoints.findIndex((endpoint) => endpoint.startsWith(`${address}:`));
  const first = own === -1 ? Number(address.split('.').at(-1)) % endpoints.length : own;
  return [...endpoints.slice(first), ...endpoints.slice(0, first)];
}

export interface AgentFileContents {
  readonly bundle: AgentBundle;
  readonly config: string;
  readonly certificate: string;
  readonly authority: string;
  /** See `servicesFiles`. */
  readonly services: readonly RemoteFile[];
}

/** Everything the agent needs but its private key, which the machine has made itself. */
export function filesFor(
  { bundle, config, certificate, authority, services }: AgentFileContents,
  stamp: string,
): RemoteFile[] {
  return [
    { path: agentFiles.authority, contents: authority, mode: '0644' },
    { path: agentFiles.certificate, contents: certificate, mode: '0644' },
    ...services,
    { path: agentFiles.config, contents: config, mode: '0644' },
    { path: agentFiles.bundle, contents: Buffer.from(bundle.bytes), mode: '0644' },
    { path: agentFiles.ready, contents: `${stamp}\n`, mode: '0644' },
  ];
}
