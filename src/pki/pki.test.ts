import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Command } from '../ssh/connection.ts';
import { type Authority, createAuthority } from './authority.ts';
import { inspectCertificate, isDueForRenewal, isIssuedBy } from './inspect.ts';
import { type LeafRequest, signLeaf } from './leaf.ts';
import { nameConstraints } from './name-constraints.ts';
import { createOwnLeaf } from './own-leaf.ts';
import { csrCommand, parseCsrs } from './remote.ts';
import { addDays } from './validity.ts';

/** The remote scripts run here, by the real shell and the real openssl. */
function run({ argv, stdin }: Command): string {
  const [program = '', ...args] = argv;
  return execFileSync(program, args, { input: stdin, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

const directory = mkdtempSync(join(tmpdir(), 'flotilla-pki-'));
const owner = userInfo().username;
const keys = [
  { name: 'etcd', owner },
  { name: 'client', owner },
];
let authority: Authority;
let csrs: ReadonlyMap<string, string>;

beforeAll(async () => {
  authority = await createAuthority({ name: 'flotilla test' });
  csrs = parseCsrs('core-1', run(csrCommand(keys, directory)), keys);
});

afterAll(() => rmSync(directory, { recursive: true }));

function leaf(name: string, rest: Partial<LeafRequest>): Promise<string> {
  return signLeaf({ authority, csr: csrs.get(name) ?? '', commonName: name, usages: ['client'], ...rest });
}

const member: Partial<LeafRequest> = {
  names: ['localhost', 'core-1.internal'],
  addresses: ['127.0.0.1', '10.77.0.11'],
  usages: ['server', 'client'],
};

/** What `openssl verify` says of a leaf for one purpose. */
function opensslVerify(certificate: string, ca: string, purpose: string): string {
  const leafFile = join(directory, 'verify.crt');
  const caFile = join(directory, 'verify-ca.crt');
  writeFileSync(leafFile, certificate);
  writeFileSync(caFile, ca);
  const args = ['verify', '-x509_strict', '-CAfile', caFile, '-purpose', purpose, leafFile];
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return stdout + stderr;
}

describe('leaf certificates', () => {
  test.each(['sslserver', 'sslclient'])('openssl accepts the chain as %s', async (purpose) => {
    expect(opensslVerify(await leaf('etcd', member), authority.certificate, purpose)).toContain(
      'verify.crt: OK',
    );
  });

  test('a client certificate serves as a client only', async () => {
    const certificate = await leaf('client', {});
    expect(opensslVerify(certificate, authority.certificate, 'sslclient')).toContain(': OK');
    expect(opensslVerify(certificate, authority.certificate, 'sslserver')).toMatch(
      /unsuitable certificate purpose/i,
    );
  });

  test.each([
    ['an address', { addresses: ['8.8.8.8'] }],
    ['a name', { names: ['example.com'] }],
  ])('%s outside the authority’s constraints convinces nobody', async (_what, names) => {
    const certificate = await leaf('etcd', { ...names, usages: ['server'] });
    expect(opensslVerify(certificate, authority.certificate, 'sslserver')).toContain(
      'permitted subtree violation',
    );
  });

  test('an authority of the same name is another authority', async () => {
    const other = await createAuthority({ name: 'flotilla test' });
    const certificate = await leaf('etcd', member);
    expect(opensslVerify(certificate, other.certificate, 'sslserver')).not.toContain(': OK');
    expect(isIssuedBy(certificate, other.certificate)).toBe(false);
    expect(isIssuedBy(certificate, authority.certificate)).toBe(true);
  });

  test('subject, names and dates are the signer’s', async () => {
    const now = new Date('2030-01-01T00:00:00Z');
    const facts = inspectCertificate(await leaf('etcd', { ...member, days: 90, now }));
    expect(facts.commonName).toBe('etcd');
    expect(facts.names).toEqual(member.names);
    expect(facts.addresses).toEqual(member.addresses);
    expect(facts.notAfter).toEqual(addDays(now, 90));
    expect(facts.notBefore.getTime()).toBeLessThan(now.getTime());
    expect(isDueForRenewal(facts, addDays(now, 55))).toBe(false);
    expect(isDueForRenewal(facts, addDays(now, 65))).toBe(true);
  });

  test('a leaf never outlives its authority', async () => {
    const authorityEnd = inspectCertificate(authority.certificate).notAfter;
    expect(inspectCertificate(await leaf('etcd', { days: 99_999 })).notAfter).toEqual(authorityEnd);
  });

  test('serial numbers are random and positive', async () => {
    const serials = await Promise.all(Array.from({ length: 20 }, () => leaf('etcd', {})));
    expect(new Set(serials.map((pem) => inspectCertificate(pem).fingerprint)).size).toBe(20);
  });
});

describe('certificate requests', () => {
  test('a request that is not signed by its key is refused', async () => {
    const lines = (csrs.get('etcd') ?? '').trim().split('\n');
    const der = Buffer.from(lines.slice(1, -1).join(''), 'base64');
    der.writeUInt8(der.readUInt8(der.length - 3) ^ 1, der.length - 3);
    const forged = `${lines[0]}\n${der.toString('base64')}\n${lines.at(-1)}\n`;
    await expect(leaf('etcd', { csr: forged })).rejects.toThrow(
      /^the certificate request for etcd is not signed by its own key;.*`npm run up`/,
    );
  });

  test('another kind of key is refused', async () => {
    const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=x'];
    const csr = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    await expect(leaf('etcd', { csr, machine: 'core-1' })).rejects.toThrow(
      /^core-1: the certificate request for etcd must hold an ECDSA P-256 key\. Delete its key/,
    );
  });

  test('text that is no request is named', async () => {
    await expect(leaf('etcd', { csr: 'openssl: command not found' })).rejects.toThrow(
      'openssl: command not found',
    );
    expect(() => parseCsrs('core-1', '', keys)).toThrow(
      /^core-1 printed 0 certificate requests, expected 2\. .*openssl.*`npm run up`/,
    );
  });

  test('authority constraints must be networks', () => {
    const names = { dns: [], networks: ['10.0.0.0/33'] };
    expect(() => nameConstraints(names)).toThrow('Expected an IPv4 network');
  });
});

describe('on the machine', () => {
  test('keys are private, and made once', () => {
    const file = join(directory, 'etcd.key');
    const before = readFileSync(file, 'utf8');
    run(csrCommand(keys, directory));
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('mutual TLS in Node', () => {
  test('client and server accept each other; a client without a certificate is refused', async () => {
    const read = (file: string) => readFileSync(join(directory, file));
    const ca = authority.certificate;
    const options = { key: read('etcd.key'), cert: await leaf('etcd', member), ca, requestCert: true };
    const server = createServer(options, (socket) => socket.end('welcome'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const host = { host: '127.0.0.1', port, ca };
    const known = connect({ ...host, key: read('client.key'), cert: await leaf('client', {}) });
    expect(await greeting(known)).toBe('welcome');
    const own = await createOwnLeaf({ authority, commonName: 'own', usages: ['client'] });
    const ownClient = connect({ ...host, key: own.privateKey, cert: own.certificate });
    expect(await greeting(ownClient)).toBe('welcome');
    await expect(greeting(connect(host))).rejects.toThrow(/certificate required|socket hang up|ECONNRESET/i);
    await new Promise((resolve) => server.close(resolve));
  });
});

async function greeting(socket: TLSSocket): Promise<string> {
  return Buffer.concat(await socket.toArray()).toString();
}
