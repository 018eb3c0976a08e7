// @peculiar/x509's dependency container wants this polyfill before it is loaded.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { nameConstraints, type PermittedNames, privateNames } from './name-constraints.ts';
import { addDays, clockSkew } from './validity.ts';

/** A certificate authority as it is kept: the private key belongs into a secret store. */
export interface Authority {
  /** PEM */
  readonly certificate: string;
  /** PKCS#8 PEM. A secret. */
  readonly privateKey: string;
}

export interface AuthorityOptions {
  /** Its common name, `flotilla dev`. */
  readonly name: string;
  /** What it may vouch for; default `privateNames`. */
  readonly permitted?: PermittedNames;
  readonly now?: Date;
}

/** ECDSA on P-256: small, quick under emulation, and known to every TLS stack in use. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Days: ten years. */
const validity = 3650;

/** A self-signed authority that can sign leaves and nothing below them, for what it is permitted to vouch for only. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const now = options.now ?? new Date();
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: [{ CN: [options.name] }],
    serialNumber: randomSerial(),
    notBefore: new Date(now.getTime() - clockSkew),
    notAfter: addDays(now, validity),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      nameConstraints(options.permitted ?? privateNames),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), privateKey: await privateKeyPem(keys.privateKey) };
}

/** 127 random bits, so that the DER integer stays positive within RFC 5280's 20 bytes (section 4.1.2.2). */
export function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8() & 0x7f) | 0x40);
  return bytes.toString('hex');
}

export function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

/** PKCS#8 */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY').trim()}\n`;
}
