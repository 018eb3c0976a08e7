import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, createAuthority } from '../../src/pki/authority.ts';
import type { LeafRequest } from '../../src/pki/leaf.ts';
import { createOwnLeaf } from '../../src/pki/own-leaf.ts';
import type { ServerTls } from './etcd-process.ts';

/** An authority and one leaf for 127.0.0.1 that can serve and call, as PEM files in `folder`. */
export async function writeCertificates(
  folder: string,
  authority?: Authority,
  validity: Pick<LeafRequest, 'days' | 'now'> = {},
): Promise<ServerTls> {
  const ca = authority ?? (await createAuthority({ name: 'test' }));
  const leaf = await createOwnLeaf({
    authority: ca,
    commonName: 'core-1',
    names: ['localhost'],
    addresses: ['127.0.0.1'],
    usages: ['server', 'client'],
    ...validity,
  });
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await mkdir(folder, { recursive: true });
  await writeFile(files.ca, ca.certificate);
  await writeFile(files.cert, leaf.certificate);
  await writeFile(files.key, leaf.privateKey, { mode: 0o600 });
  return files;
}
