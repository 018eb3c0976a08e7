// @peculiar/x509's dependency container wants this polyfill before it is loaded.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { keyAlgorithm, privateKeyPem } from './authority.ts';
import { type LeafRequest, signLeaf } from './leaf.ts';

/** A certificate with its key, both PEM, for this process alone: the key is nowhere but in its memory. */
export interface OwnLeaf {
  readonly certificate: string;
  /** A secret. */
  readonly privateKey: string;
}

/** Makes a key and signs a certificate for it. Keys that last are made where they stay: `csrCommand`. */
export async function createOwnLeaf(request: Omit<LeafRequest, 'csr'>): Promise<OwnLeaf> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: keyAlgorithm });
  return {
    certificate: await signLeaf({ ...request, csr: csr.toString('pem') }),
    privateKey: await privateKeyPem(keys.privateKey),
  };
}
