import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../model/message-of.ts';
import type { ConnectOptions } from '../ssh/connect.ts';
import type { Connection, SshTarget } from '../ssh/connection.ts';
import { AuthenticationError } from '../ssh/errors.ts';
import type { Connect } from '../ssh/pool.ts';

/** How a host is reached, as the program says it. */
export const reachSchema = z.object({
  address: z.string(),
  port: z.number(),
  user: z.string(),
  hostKey: z.string(),
});

export type Reach = z.output<typeof reachSchema> & {
  readonly name: string;
  readonly identityFile?: string | undefined;
};

/** Neither an ssh-agent nor a file has a key for the first login. */
export class NoIdentity extends Error {
  override readonly name = 'NoIdentity';
}

/** As the operator, by a key that never gets into config or state. */
export async function operatorTarget({ name, address, ...reach }: Reach): Promise<SshTarget> {
  const { port, user, hostKey, identityFile } = reach;
  const target = { name, host: address, port, user, hostKey };
  if (identityFile !== undefined) return { ...target, privateKey: await readIdentity(identityFile) };
  const identityAgent = process.env.SSH_AUTH_SOCK;
  if (identityAgent) return { ...target, privateKey: '', identityAgent };
  throw new NoIdentity(
    `no key to log in with: SSH_AUTH_SOCK is not set; start an ssh-agent and \`ssh-add\` your key, or name its file in flotilla:hosts.identityFile`,
  );
}

async function readIdentity(file: string): Promise<string> {
  const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NoIdentity(`flotilla:hosts.identityFile cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (!isEncrypted(text)) return text;
  throw new NoIdentity(
    `${path} has a passphrase, and nobody is there to ask for it: \`ssh-add\` it, and take flotilla:hosts.identityFile out`,
  );
}

/** OpenSSH's PROTOCOL.key names the cipher behind the magic; older files say it in a header. */
function isEncrypted(pem: string): boolean {
  if (/^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED/m.test(pem)) return true;
  const [, body = ''] = /BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(pem) ?? [];
  const bytes = Buffer.from(body, 'base64');
  return bytes.length > 23 && bytes.subarray(19, 23).toString('latin1') !== 'none';
}

/** As the account that Flotilla made there. */
export function stackTarget(
  { name, address, port, hostKey }: Reach,
  user: string,
  privateKey: string,
): SshTarget {
  return { name, host: address, port, user, hostKey, privateKey };
}

/** By the stack's key; where the host does not know it any more or not yet, or its account lost its rights, as the operator. */
export async function reachHost<T>(
  connect: Connect,
  reach: Reach,
  { user, privateKey }: { readonly user: string; readonly privateKey: string },
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
  isPowerless: (error: unknown) => boolean,
): Promise<T> {
  try {
    return await work(await connect(stackTarget(reach, user, privateKey), options));
  } catch (error) {
    if (!(error instanceof AuthenticationError) && !isPowerless(error)) throw error;
    return await work(await connect(await operatorTarget(reach), options));
  }
}
