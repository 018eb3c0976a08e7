import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import { messageOf } from '../model/message-of.ts';
import { bastionName } from '../model/proxy-jump.ts';
import type { Connection, SshTarget } from './connection.ts';
import { AuthenticationError, BastionError, HostKeyError } from './errors.ts';
import { fingerprint, pinOf, publicKeyLine } from './public-key.ts';
import { throughBastion } from './through-bastion.ts';

export interface DialLimits {
  /**
   * Seconds until the first byte of the server's banner. Apart from the handshake, because a port forward into a
   * machine that still boots accepts and then stays silent: giving up early there finds the moment it answers.
   */
  readonly banner: number;
  /** Seconds from the banner to the end of authentication. */
  readonly handshake: number;
  readonly signal?: AbortSignal;
}

export interface Dialed {
  readonly client: Client;
  /** What the client speaks over, and owns. */
  readonly stream: Duplex;
  /** What the server proved itself with, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/**
 * Six missed answers, 5 s apart: a dead machine is noticed after 30 s. It is a process that answers, not the kernel, and
 * on an emulated machine that is busy that one has not come to run for 16 s.
 */
const keepalive = { keepaliveInterval: 5000, keepaliveCountMax: 5 };

/**
 * One attempt at an authenticated ssh2 client.
 *
 * @param bastion the connection that the target is dialed through; without one it is dialed from here
 * @throws HostKeyError before any authentication when the host key is not the pinned one; AuthenticationError
 * when the user's key is refused; any other error when the machine does not answer (yet).
 */
export async function dial(target: SshTarget, limits: DialLimits, bastion?: Connection): Promise<Dialed> {
  const expected = pinOf(target.hostKey);
  const stream = await openStream(target, limits, bastion);
  const client = new ssh2.Client();
  try {
    const hostKey = publicKeyLine(await handshake(client, stream, target, expected, limits));
    return { client, stream, hostKey };
  } catch (error) {
    client.on('error', () => {});
    stream.destroy();
    throw error;
  }
}

/** The stream on which the server has begun to speak. */
async function openStream(target: SshTarget, limits: DialLimits, bastion?: Connection): Promise<Duplex> {
  limits.signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(limits.banner * 1000);
  const signal = limits.signal === undefined ? timeout : AbortSignal.any([timeout, limits.signal]);
  let stream: Duplex | undefined;
  try {
    stream = bastion ? await throughBastion(bastion, target, signal) : openTcp(target);
    await once(stream, 'readable', { signal });
    if (stream.readableLength === 0) throw new Error('it closed the connection without a word');
    return stream;
  } catch (cause) {
    stream?.destroy();
    limits.signal?.throwIfAborted();
    if (cause instanceof BastionError) throw cause;
    throw new Error(`${where(target)} does not answer: ${silence(cause, timeout, limits)}`, { cause });
  }
}

function openTcp({ host, port }: SshTarget): Duplex {
  const socket = connectTcp(port, host);
  socket.setNoDelay(true);
  return socket;
}

function silence(cause: unknown, timeout: AbortSignal, limits: DialLimits): string {
  if (timeout.aborted) return `no SSH banner within ${limits.banner} s`;
  return messageOf(cause);
}

/** @returns the host key that was proved */
function handshake(
  client: Client,
  socket: Duplex,
  target: SshTarget,
  expected: string,
  limits: DialLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got: Buffer | undefined;
    const abort = () => reject(limits.signal?.reason);
    const fail = (error: Error & { level?: string }) => reject(explain(error, target, expected, got));
    limits.signal?.addEventListener('abort', abort, { once: true });
    client.once('close', () => fail(new Error('the connection closed during the handshake')));
    client.once('error', fail);
    client.once('ready', () => {
      client.removeAllListeners('close').removeAllListeners('error');
      limits.signal?.removeEventListener('abort', abort);
      if (got === undefined) fail(new Error('it showed no host key'));
      else resolve(got);
    });
    const hostVerifier = (key: Buffer) => {
      got = key;
      return fingerprint(key) === expected;
    };
    client.connect({ ...configOf(target, limits), sock: socket, hostVerifier });
  });
}

/** Only the user's key, and only a host key of the pinned one's kind: ssh2 would offer and take more. */
function configOf(target: SshTarget, { handshake }: DialLimits): ConnectConfig {
  return {
    username: target.user,
    ...(target.identityAgent === undefined
      ? { privateKey: target.privateKey, authHandler: ['publickey'] }
      : { agent: target.identityAgent, authHandler: ['agent'] }),
    ...(target.sshAgent !== undefined && { agent: target.sshAgent, agentForward: true }),
    algorithms: { serverHostKey: ['ssh-ed25519'] },
    readyTimeout: handshake * 1000,
    strictVendor: false,
    ...keepalive,
  };
}

/** ssh2 tells its failures apart by `level` and text only; this is the one place that reads them. */
function explain(
  cause: Error & { level?: string },
  target: SshTarget,
  expected: string,
  got: Buffer | undefined,
): Error {
  if (got !== undefined && fingerprint(got) !== expected)
    return impostor(target, expected, fingerprint(got), cause);
  if (cause.message.includes('no matching host key format')) {
    return impostor(target, expected, 'no ed25519 host key', cause);
  }
  if (cause.level === 'client-authentication') {
    const message =
      `${where(target)} refused the key of user ${target.user}. ` +
      `Check that the stack's public key is in ~${target.user}/.ssh/authorized_keys there.`;
    return new AuthenticationError(message, { cause });
  }
  return new Error(`SSH handshake with ${where(target)} failed: ${cause.message}`, { cause });
}

function impostor(target: SshTarget, expected: string, got: string, cause: Error): HostKeyError {
  const message =
    `${where(target)} is not the machine it should be: expected host key ${expected}, got ${got}. ` +
    'Nothing was sent to it. Find out who answers at that address; ' +
    'if it was reinstalled on purpose: of a host that you own, write its new key into `hostKey:` in flotilla:hosts; ' +
    'any other machine is replaced: raise `generation:` of its group in the stack config.';
  return new HostKeyError(message, { cause, shown: got });
}

function where({ name, host, port, proxyJump }: SshTarget): string {
  return `${name} (${host}:${port}${proxyJump ? `, through ${bastionName(proxyJump)}` : ''})`;
}
