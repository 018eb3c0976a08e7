import { generateKeyPairSync, sign } from 'node:crypto';
import { tagged } from './der.ts';

/** A private key that was made here, and the request for a certificate of its public half. Both PEM. */
export interface SigningRequest {
  /** PKCS#8. A secret. */
  readonly privateKey: string;
  /** PKCS#10 */
  readonly csr: string;
}

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256 (RFC 5758). */
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');

/**
 * A new ECDSA key on P-256 and a request that is signed by it (RFC 2986 section 4). It names no subject: that is the
 * signer's to say. Written here, since every agent makes such requests, and the library for it is 300 KiB of code that
 * an agent without certificates to sign never has to load.
 */
export function createSigningRequest(): SigningRequest {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const version = Buffer.from('020100', 'hex');
  const subjectKey = publicKey.export({ type: 'spki', format: 'der' });
  const info = tagged(0x30, version, tagged(0x30), subjectKey, tagged(0xa0));
  const signature = tagged(0x03, Buffer.from([0]), sign('sha256', info, privateKey));
  const request = tagged(0x30, info, tagged(0x30, ecdsaWithSha256), signature);
  return { privateKey: `${privateKey.export({ type: 'pkcs8', format: 'pem' })}`, csr: pemOf(request) };
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const label = 'CERTIFICATE REQUEST';
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
