import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeHost } from '../../../hosts/fake-host.ts';
import type { FakeHostState } from '../../../hosts/fake-host-state.ts';
import type { Connection, SshTarget } from '../../../ssh/connection.ts';
import { AuthenticationError, BastionError, HostKeyError } from '../../../ssh/errors.ts';
import { generateSshKey } from '../../../ssh/key-pair.ts';
import { fingerprint, publicKeyBlob } from '../../../ssh/public-key.ts';
import { anyHandler } from '../../handler.ts';
import type { Context, Properties } from '../../resource.ts';
import { machine } from './machine.ts';
import { network } from './network.ts';

/** Hosts in memory, and the handlers of both resources on them. */

export const login = generateSshKey('flotilla-dev');
export const shown = generateSshKey('host').publicKey;
export const hostKey = fingerprint(publicKeyBlob(shown));
export let hosts: Map<string, FakeHost>;
export let said: string[];
/** Bastions by which hosts were reached. */
export let bastions: Set<string>;
export let folder: string;

export const contextOf = (name: string): Context => ({
  urn: `urn:${name}`,
  name,
  stack: 'dev',
  log: (line) => void said.push(line),
  signal: new AbortController().signal,
});

/** Before each test. */
export function begin(): void {
  hosts = new Map();
  said = [];
  bastions = new Set();
  folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  writeFileSync(join(folder, 'id'), generateSshKey('owner').privateKey);
}

/** After each test. */
export function end(): void {
  rmSync(folder, { recursive: true });
}

export function addHost(last: number, state: Partial<FakeHostState> = {}): FakeHost {
  const host = new FakeHost({
    addresses: [`10.0.0.${last}`],
    machineId: String(last % 10).repeat(32),
    ...state,
  });
  hosts.set(`10.0.0.${last}`, host);
  return host;
}

/** As when somebody there writes into /etc/machine-id. */
export function sayOtherId(host: FakeHost, machineId: string): void {
  const program = host.programs.get('flotilla-host-state');
  host.programs.set('flotilla-host-state', async (call) => {
    const outcome = (await program?.(call)) ?? {};
    return {
      ...outcome,
      stdout: outcome.stdout?.replace(/^machine-id .*$/m, `machine-id ${machineId}`) ?? '',
    };
  });
}

/** As sshd: the right host key, then the operator's user, or core once the stack's key is known there. */
async function connect(target: SshTarget): Promise<Connection> {
  if (target.proxyJump) bastions.add(target.proxyJump.address);
  if (target.proxyJump?.address === broken.address) throw new BastionError(brokenBastion);
  const host = hosts.get(target.host);
  if (!host) throw new Error(`${target.host} does not answer`);
  if (![hostKey, shown].includes(target.hostKey)) throw new HostKeyError('another', { shown: hostKey });
  const known = host.users.get(target.user)?.keys.includes(login.publicKey);
  if (target.user !== 'admin' && !known) throw new AuthenticationError(`${target.user} is not let in`);
  const connection = host.connect();
  return Object.assign(connection, { target: { ...target, hostKey: shown } });
}

export const jump = { address: '203.0.113.9', port: 22, user: 'jump', hostKey, inCluster: false };
export const broken = { ...jump, address: '203.0.113.10' };
const brokenBastion = { path: 'flotilla:proxyJump', problem: 'it is away', fix: 'bring it back' };

export const handlers = () => ({
  network: anyHandler(network(connect)),
  machine: anyHandler(machine(connect)),
});

const reach = (last: number) => ({ address: `10.0.0.${last}`, port: 22, user: 'admin', hostKey });
export const keys = { privateKey: login.privateKey, authorizedKey: login.publicKey };

export function hostInput(name: string, last: number): Properties {
  return {
    ...{ ...reach(last), name, clusterAddress: `10.0.0.${last}`, cpus: 1, memory: 1024, disk: 8, etcd: true },
    path: `flotilla:hosts.machines.core.${last}`,
    groupPath: 'flotilla:machines.core',
  };
}

export const identityFile = () => join(folder, 'id');
export const networkInputs = (...list: Properties[]) => ({
  hosts: list,
  identityFile: identityFile(),
  ...keys,
});

export const machineInputs = (last: number): Properties => ({
  ...reach(last),
  ...keys,
  identityFile: identityFile(),
  wanted: {
    packages: ['docker.io'],
    groups: ['flotilla'],
    user: { name: 'core', groups: ['docker', 'flotilla'] },
    files: [{ path: '/etc/sudoers.d/flotilla', contents: 'core\n', mode: '0440' }],
    units: [{ name: 'docker.service', waits: false }],
  },
});
