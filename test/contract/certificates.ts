import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { type Authority, createAuthority, keyAlgorithm } from '../../src/pki/authority.ts';
import { signLeaf } from '../../src/pki/leaf.ts';
import type { ServerTls } from './etcd-process.ts';

/** An authority and one leaf for 127.0.0.1 that can serve and call, as PEM files in `folder`. */
export async function writeCertificates(folder: string, authority?: Authority): Promise<ServerTls> {
  const ca = authority ?? (await createAuthority({ name: 'test' }));
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: keyAlgorithm,
  });
  const certificate = await signLeaf({
    authority: ca,
    csr: request.toString('pem'),
    commonName: 'core-1',
    addresses: ['127.0.0.1'],
    usages: ['server', 'client'],
  });
  const key = x509.PemConverter.encode(
    await crypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await mkdir(folder, { recursive: true });
  await writeFile(files.ca, ca.certificate);
  await writeFile(files.cert, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  return files;
}
