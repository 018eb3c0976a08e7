import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../model/message-of.ts';
import type { Problem } from '../model/problem.ts';
import type { SshTarget } from './connection.ts';

/** Neither an ssh-agent nor a file has a key to log in with. */
export class NoIdentity extends Error {
  override readonly name = 'NoIdentity';
  readonly found: Problem;

  constructor(found: Problem, options: ErrorOptions = {}) {
    super(`${found.path}: ${found.problem}; ${found.fix}`, options);
    this.found = found;
  }
}

/** What logs in: a key, or the ssh-agent that has it. */
export type Identity = Pick<SshTarget, 'privateKey' | 'identityAgent'>;

/**
 * The operator's own, which never gets into config or state.
 *
 * @param file path of a private key; without one the ssh-agent of SSH_AUTH_SOCK is used
 * @param setting where the config names the file, for messages
 * @throws NoIdentity
 */
export async function operatorIdentity(file: string | undefined, setting: string): Promise<Identity> {
  if (file !== undefined) return { privateKey: await readIdentity(file, setting) };
  const identityAgent = process.env.SSH_AUTH_SOCK;
  if (identityAgent) return { privateKey: '', identityAgent };
  throw new NoIdentity({
    path: setting,
    problem: 'no key to log in with: it names no file, and SSH_AUTH_SOCK no ssh-agent',
    fix: 'start an ssh-agent and `ssh-add` your key, or name its file there',
  });
}

async function readIdentity(file: string, path: string): Promise<string> {
  const place = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
  let text: string;
  try {
    text = await readFile(place, 'utf8');
  } catch (cause) {
    const fix = 'name the file of your private key, or take it out and `ssh-add` your key';
    throw new NoIdentity({ path, problem: `cannot be read: ${messageOf(cause)}`, fix }, { cause });
  }
  if (!isEncrypted(text)) return text;
  throw new NoIdentity({
    path,
    problem: `${place} has a passphrase, and nobody is there to ask for it`,
    fix: '`ssh-add` it, and take the setting out',
  });
}

/** OpenSSH's PROTOCOL.key names the cipher behind the magic; older files say it in a header. */
function isEncrypted(pem: string): boolean {
  if (/^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED/m.test(pem)) return true;
  const [, body = ''] = /BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(pem) ?? [];
  const bytes = Buffer.from(body, 'base64');
  return bytes.length > 23 && bytes.subarray(19, 23).toString('latin1') !== 'none';
}
