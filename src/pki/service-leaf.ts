// Node 22 leaves a process without `tls.createSecureContext` that calls `toLegacyObject` before it has loaded node:tls.
import 'node:tls';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { namesOf, type ServiceLeaf } from '../model/service-leaf.ts';
import type { Authority } from './authority.ts';
import { inspectCertificate, isIssuedBy } from './inspect.ts';
import { clockSkew } from './validity.ts';

/** Days. */
export const serviceValidity = 7;

export interface ServiceLeafRequest {
  /** The one for services. */
  readonly authority: Authority;
  /** PKCS#10, PEM. */
  readonly csr: string;
  readonly leaf: ServiceLeaf;
  /** Days; default `serviceValidity`. */
  readonly days?: number;
  readonly now?: Date;
}

/**
 * Signs a service's certificate. The signer is loaded when it is needed first: most agents never sign anything.
 *
 * @returns PEM
 * @throws as `signLeaf` does.
 */
export async function signServiceLeaf(request: ServiceLeafRequest): Promise<string> {
  const { leaf, days = serviceValidity, ...rest } = request;
  const { signLeaf } = await import('./leaf.ts');
  return signLeaf({
    ...rest,
    days,
    machine: leaf.machine,
    commonName: leaf.unit,
    organizationalUnit: leaf.machine,
    names: namesOf(leaf),
    addresses: [leaf.address],
    usages: ['server', 'client'],
  });
}

export interface ServiceCertificate {
  /** PEM */
  readonly certificate: string;
  /** PKCS#8 PEM. A secret. */
  readonly privateKey: string;
  /** PEM of the authority for services. */
  readonly authority: string;
}

type Check = (certificate: X509Certificate, given: ServiceCertificate, leaf: ServiceLeaf) => boolean;

/** What a machine asks of a certificate before it believes in it, whoever it came from. */
const checks: readonly (readonly [problem: string, isRight: Check])[] = [
  ['is not of the key here', (one, { privateKey }) => one.checkPrivateKey(createPrivateKey(privateKey))],
  [
    'is not signed by the authority for services',
    (_, given) => isIssuedBy(given.certificate, given.authority),
  ],
  ['is of another unit or machine', (one, _, leaf) => sameSubject(one, leaf)],
  ['has other names than the unit’s services', (_, { certificate }, leaf) => sameNames(certificate, leaf)],
];

/** What is wrong with a certificate for `leaf`, whatever its dates; undefined when nothing is. Never throws. */
export function serviceCertificateProblem(given: ServiceCertificate, leaf: ServiceLeaf): string | undefined {
  try {
    const certificate = new X509Certificate(given.certificate);
    return checks.find(([, isRight]) => !isRight(certificate, given, leaf))?.[0];
  } catch {
    return 'can’t be read';
  }
}

function sameSubject(certificate: X509Certificate, { unit, machine }: ServiceLeaf): boolean {
  const { CN, OU } = certificate.toLegacyObject().subject;
  return CN === unit && OU === machine;
}

function sameNames(certificate: string, leaf: ServiceLeaf): boolean {
  const { names, addresses } = inspectCertificate(certificate);
  return sameSet(names, namesOf(leaf)) && sameSet(addresses, [leaf.address]);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join(' ') === [...other].sort().join(' ');
}

/** Until when a certificate is good, and from when on to ask for the next one. Milliseconds since 1970. */
export interface ServiceTerm {
  readonly from: number;
  readonly until: number;
  readonly renewal: number;
}

/**
 * Renewal is at two thirds of the life from the moment of signing, and earlier by up to a sixth of it, as the
 * certificate's own digits say: instances that got theirs in one moment are not reloaded in one moment.
 *
 * @throws when the text is no certificate.
 */
export function serviceTerm(certificate: string): ServiceTerm {
  const { notBefore, notAfter, fingerprint } = inspectCertificate(certificate);
  const [from, until] = [notBefore.getTime(), notAfter.getTime()];
  const life = until - from - clockSkew;
  const early = Number.parseInt(fingerprint.slice(0, 8), 16) / 0x1_0000_0000 / 6;
  return { from, until, renewal: until - life * (1 / 3 + early) };
}
