import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceLeaf } from '../model/service-leaf.ts';
import { type Authority, createAuthority } from './authority.ts';
import { inspectCertificate } from './inspect.ts';
import { signLeaf } from './leaf.ts';
import { serviceNames } from './name-constraints.ts';
import {
  type ServiceCertificate,
  serviceCertificateProblem,
  serviceTerm,
  signServiceLeaf,
} from './service-leaf.ts';
import { createSigningRequest } from './signing-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'flotilla-service-leaf-'));
afterAll(() => rmSync(folder, { recursive: true }));

const leaf: ServiceLeaf = {
  unit: 'app@1.service',
  machine: 'core-1',
  address: '10.0.0.1',
  services: ['app', 'app-admin'],
};
const day = 24 * 60 * 60 * 1000;
const now = new Date('2026-01-01T00:00:00Z');
let authority: Authority;
let given: ServiceCertificate;

async function certificateOf(wanted: ServiceLeaf, by = authority): Promise<ServiceCertificate> {
  const { privateKey, csr } = createSigningRequest();
  const certificate = await signServiceLeaf({ authority: by, csr, leaf: wanted, now });
  return { certificate, privateKey, authority: by.certificate };
}

beforeAll(async () => {
  const permitted = serviceNames;
  authority = await createAuthority({ name: 'flotilla test services', permitted, now });
  given = await certificateOf(leaf);
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('a certificate for services', () => {
  test('has the names of the services, the machine’s address, unit and machine, and a week', () => {
    const { names, addresses, commonName, notAfter } = inspectCertificate(given.certificate);
    expect({ names, addresses, commonName }).toEqual({
      names: ['app.services.internal', 'app-admin.services.internal'],
      addresses: ['10.0.0.1'],
      commonName: 'app@1.service',
    });
    expect(notAfter.getTime() - now.getTime()).toBe(7 * day);
    expect(openssl('x509', '-in', write('subject.crt', given.certificate), '-noout', '-subject')).toMatch(
      /OU ?= ?core-1, CN ?= ?app@1\.service/,
    );
  });

  test.each(['sslserver', 'sslclient'])('is a chain that openssl accepts as %s', (purpose) => {
    const files = [write('ca.crt', authority.certificate), write('tls.crt', given.certificate)] as const;
    const at = ['-attime', String(now.getTime() / 1000), '-verify_hostname', 'app.services.internal'];
    expect(openssl('verify', '-x509_strict', '-purpose', purpose, ...at, '-CAfile', ...files)).toContain(
      'OK',
    );
  });

  test('of a unit without services is a chain that openssl accepts, though its name has a dot', async () => {
    const client = await certificateOf({ ...leaf, unit: 'backup.service', services: [] });
    const files = [write('ca.crt', authority.certificate), write('tls.crt', client.certificate)] as const;
    const at = ['-attime', String(now.getTime() / 1000)];
    expect(openssl('verify', '-x509_strict', '-purpose', 'sslclient', ...at, '-CAfile', ...files)).toContain(
      'OK',
    );
  });

  test.each([
    ['a machine', { names: ['core-1.internal'] }],
    ['this computer', { addresses: ['127.0.0.1'] }],
    ['somebody else', { names: ['example.com'] }],
  ])('its authority vouches for no name of %s', async (_, names) => {
    const { csr } = createSigningRequest();
    const other = await signLeaf({ authority, csr, commonName: 'x', usages: ['server'], now, ...names });
    const files = [write('ca.crt', authority.certificate), write('other.crt', other)] as const;
    const verify = () => openssl('verify', '-attime', String(now.getTime() / 1000), '-CAfile', ...files);
    expect(verify).toThrow(/permitted subtree violation/);
  });

  test('is asked for by a request that openssl reads, with a key of its own each time', () => {
    const [one, other] = [createSigningRequest(), createSigningRequest()];
    expect(one.privateKey).not.toBe(other.privateKey);
    expect(one.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const checked = execFileSync('sh', [
      '-c',
      `openssl req -in ${write('a.csr', one.csr)} -noout -verify 2>&1`,
    ]);
    expect(`${checked}`).toMatch(/verify OK/i);
  });

  test('is due at two thirds of its life, or up to a sixth of it earlier', async () => {
    const terms = await Promise.all(
      Array.from({ length: 20 }, async () => serviceTerm((await certificateOf(leaf)).certificate)),
    );
    for (const { from, until, renewal } of terms) {
      expect([from, until]).toEqual([now.getTime() - day / 24, now.getTime() + 7 * day]);
      expect(renewal).toBeGreaterThan(now.getTime() + 3.5 * day - 1);
      expect(renewal).toBeLessThanOrEqual(now.getTime() + (7 * day * 2) / 3);
    }
    expect(new Set(terms.map(({ renewal }) => renewal)).size).toBe(20);
  });
});

describe('what comes', () => {
  test('is taken when it is what was wanted', () => {
    expect(serviceCertificateProblem(given, leaf)).toBeUndefined();
    const turned = { ...leaf, services: ['app-admin', 'app'] };
    expect(serviceCertificateProblem(given, turned)).toBeUndefined();
  });

  test.each<[string, () => Promise<ServiceCertificate> | ServiceCertificate, RegExp]>([
    [
      'another key',
      () => ({ ...given, privateKey: createSigningRequest().privateKey }),
      /not of the key here/,
    ],
    [
      'another authority',
      async () => {
        const false_ = await certificateOf(
          leaf,
          await createAuthority({ name: 'flotilla test services', now }),
        );
        return { ...false_, authority: authority.certificate };
      },
      /not signed by the authority/,
    ],
    ['another unit', () => certificateOf({ ...leaf, unit: 'app@2.service' }), /another unit or machine/],
    ['another machine', () => certificateOf({ ...leaf, machine: 'core-2' }), /another unit or machine/],
    ['one service less', () => certificateOf({ ...leaf, services: ['app'] }), /other names/],
    ['one service more', () => certificateOf({ ...leaf, services: [...leaf.services, 'db'] }), /other names/],
    ['another address', () => certificateOf({ ...leaf, address: '10.0.0.2' }), /other names/],
    ['no certificate', () => ({ ...given, certificate: 'x' }), /can’t be read/],
    ['no key', () => ({ ...given, privateKey: '' }), /can’t be read/],
  ])('is refused with %s', async (_, make, problem) => {
    expect(serviceCertificateProblem(await make(), leaf)).toMatch(problem);
  });
});

test('who has looked at a certificate can still serve TLS, though nothing else of TLS was loaded before', () => {
  const program = `
    import { serviceCertificateProblem } from ${JSON.stringify(join(import.meta.dirname, 'service-leaf.ts'))};
    const problem = serviceCertificateProblem(${JSON.stringify(given)}, ${JSON.stringify(leaf)});
    const { createServer } = await import('node:https');
    createServer({});
    console.log(problem ?? 'good');
  `;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('good\n');
});
