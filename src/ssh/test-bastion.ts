import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxyJump } from '../model/proxy-jump.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** A bastion on 127.0.0.1, and what the config would say of it. */
export interface TestBastion {
  readonly server: TestServer;
  readonly jump: ProxyJump & { readonly identityFile: string };
  close(): Promise<void>;
}

/** @param options `forwarding: false` for one that forwards nothing */
export async function startTestBastion(
  options: { readonly forwarding?: boolean } = {},
): Promise<TestBastion> {
  const { server, target } = await startTestServer(options);
  const folder = await mkdtemp(join(tmpdir(), 'bastion-'));
  const identityFile = join(folder, 'id');
  await writeFile(identityFile, target.privateKey, { mode: 0o600 });
  const { host: address, port, hostKey } = target;
  return {
    server,
    jump: { address, port, user: 'jump', hostKey, identityFile, inCluster: false },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
