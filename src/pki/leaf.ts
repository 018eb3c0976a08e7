// @peculiar/x509's dependency container wants this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type Authority, keyAlgorithm, pem, randomSerial } from './authority.ts';
import { addDays, clockSkew } from './validity.ts';

// Agents sign too, and Node 18 has no global one that the library would find.
x509.cryptoProvider.set(webcrypto);

export type Usage = 'server' | 'client';

export interface LeafRequest {
  /** Which one asks, for messages. */
  readonly machine?: string;
  readonly authority: Authority;
  /** PKCS#10, PEM. Only its public key is used: subject and names are the signer's decision. */
  readonly csr: string;
  readonly commonName: string;
  readonly organizationalUnit?: string;
  /** DNS names. */
  readonly names?: readonly string[];
  /** IP addresses. */
  readonly addresses?: readonly string[];
  readonly usages: readonly Usage[];
  /** Validity in days; one year unless told, and never past the authority's own end. */
  readonly days?: number;
  readonly now?: Date;
}

const extendedKeyUsage: Readonly<Record<Usage, x509.ExtendedKeyUsage>> = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
};

/**
 * Signs a leaf certificate for the key in a CSR.
 *
 * @returns PEM
 * @throws when the CSR can't be read, its signature is false (whoever sent it lacks the key) or its key is not
 * ECDSA on P-256.
 */
export async function signLeaf(request: LeafRequest): Promise<string> {
  const now = request.now ?? new Date();
  const ca = new x509.X509Certificate(request.authority.certificate);
  const publicKey = await verifiedKey(request);
  const wanted = addDays(now, request.days ?? 365);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: subjectOf(request),
    issuer: ca.subject,
    serialNumber: randomSerial(),
    notBefore: new Date(now.getTime() - clockSkew),
    notAfter: new Date(Math.min(wanted.getTime(), ca.notAfter.getTime())),
    publicKey,
    signingKey: await importSigningKey(request.authority.privateKey),
    signingAlgorithm: keyAlgorithm,
    extensions: await leafExtensions(request, ca, publicKey),
  });
  return pem(certificate);
}

function subjectOf({ commonName, organizationalUnit }: LeafRequest): x509.JsonName {
  const unit = organizationalUnit === undefined ? [] : [{ OU: [organizationalUnit] }];
  return [...unit, { CN: [commonName] }];
}

async function verifiedKey(wanted: LeafRequest): Promise<webcrypto.CryptoKey> {
  const request = parseCsr(wanted);
  const algorithm: { name: string; namedCurve?: string } = request.publicKey.algorithm;
  if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256') {
    throw new Error(`${nameOf(wanted)} must hold an ECDSA P-256 key. ${newKey}`);
  }
  if (!(await request.verify())) {
    throw new Error(`${nameOf(wanted)} is not signed by its own key; nothing was issued. ${newKey}`);
  }
  return await request.publicKey.export();
}

/** What to do on the machine: a key that is there is used again. */
const newKey = 'Delete its key below /etc/flotilla there; then `npm run up` has a new one made';

function nameOf({ machine, commonName }: LeafRequest): string {
  return `${machine === undefined ? '' : `${machine}: `}the certificate request for ${commonName}`;
}

function parseCsr(wanted: LeafRequest): x509.Pkcs10CertificateRequest {
  const { csr } = wanted;
  try {
    return new x509.Pkcs10CertificateRequest(csr);
  } catch (cause) {
    throw new Error(`${nameOf(wanted)} is none: "${csr.slice(0, 60).trim()}". ${newKey}`, { cause });
  }
}

async function leafExtensions(
  { names = [], addresses = [], usages }: LeafRequest,
  ca: x509.X509Certificate,
  publicKey: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  const alternatives: x509.JsonGeneralName[] = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages.map((usage) => extendedKeyUsage[usage])),
    ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
    await x509.AuthorityKeyIdentifierExtension.create(await ca.publicKey.export()),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

async function importSigningKey(privateKey: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(privateKey);
  return await webcrypto.subtle.importKey('pkcs8', der, keyAlgorithm, false, ['sign']);
}
