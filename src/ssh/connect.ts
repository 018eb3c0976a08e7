import pRetry, { AbortError } from 'p-retry';
import { messageOf } from '../model/message-of.ts';
import { remind } from '../model/remind.ts';
import type { Connection, SshTarget } from './connection.ts';
import { dial } from './dial.ts';
import { AuthenticationError, BastionError, HostKeyError, SilentMachine } from './errors.ts';
import { silenceOf } from './silence.ts';
import { Ssh2Connection } from './ssh2.ts';
import { unanswered } from './through-bastion.ts';
import { whenAborted } from './when-aborted.ts';

export interface ConnectOptions {
  /** Seconds until the machine must have answered; default 30. */
  readonly deadline?: number;
  /** Gets a line every 10 s that says what is waited for. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** The connection to the target's bastion, if it has one; `ConnectionPool` shares it among all that are behind it. */
  readonly bastion?: () => Promise<Connection>;
}

/**
 * Seconds. The first limits are short, since what was sent to a machine that boots may be lost. They double: each attempt
 * that is given up has cost a busy machine the start of a process, and the next one waits behind it.
 */
const patience = { firstBanner: 3, longestBanner: 24, handshake: 30, longestPause: 3 };

/**
 * Waits until the machine answers, proves its host key and takes the user's key.
 *
 * @throws HostKeyError, AuthenticationError and BastionError at once: time does not heal those. Any other failure is
 * tried again until the deadline, and the last one is the cause.
 */
export async function connect(target: SshTarget, options: ConnectOptions = {}): Promise<Ssh2Connection> {
  const deadline = options.deadline ?? 30;
  const started = Date.now();
  let last = 'no answer yet';
  const waited = () => Math.round((Date.now() - started) / 1000);
  const progress = () => `${target.name} to answer SSH (${waited()} s of ${deadline} s): ${last}`;
  const stopReminding = remind(options.log, progress);
  try {
    return await pRetry((attempt) => attemptOnce(target, attempt, started + deadline * 1000, options), {
      retries: Number.POSITIVE_INFINITY,
      factor: 1.5,
      minTimeout: 250,
      maxTimeout: patience.longestPause * 1000,
      maxRetryTime: deadline * 1000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onFailedAttempt: ({ error }) => {
        last = error.message;
      },
    });
  } catch (cause) {
    throw finalError(cause, target, deadline, options.signal);
  } finally {
    stopReminding();
  }
}

async function attemptOnce(
  target: SshTarget,
  attempt: number,
  end: number,
  options: ConnectOptions,
): Promise<Ssh2Connection> {
  const { signal } = options;
  const secondsLeft = () => Math.max(0.1, (end - Date.now()) / 1000);
  try {
    const bastion = await bastionOf(target, options, secondsLeft());
    const left = secondsLeft();
    const banner = Math.min(patience.longestBanner, patience.firstBanner * 2 ** (attempt - 1));
    const limits = { banner: Math.min(left, banner), handshake: Math.min(left, patience.handshake) };
    const dialing = signal === undefined ? limits : { ...limits, signal };
    const { client, stream, hostKey } = await dial(target, dialing, bastion);
    return new Ssh2Connection({ ...target, hostKey }, client, { bastion, stream });
  } catch (error) {
    if (isFinal(error)) throw new AbortError(error);
    throw error;
  }
}

/** Its dial is shared, so it goes on when one that waits for it does not. */
async function bastionOf(
  { name, proxyJump }: SshTarget,
  { bastion, signal }: ConnectOptions,
  seconds: number,
): Promise<Connection | undefined> {
  if (proxyJump === undefined) return undefined;
  if (bastion === undefined)
    throw new AbortError(new TypeError(`${name} is behind a bastion: only a ConnectionPool connects to it`));
  const late = AbortSignal.timeout(seconds * 1000);
  const limits = signal === undefined ? late : AbortSignal.any([late, signal]);
  try {
    return await Promise.race([bastion(), whenAborted(limits)]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error === late.reason ? unanswered(proxyJump, seconds) : error;
  }
}

function isFinal(error: unknown): error is HostKeyError | AuthenticationError | BastionError {
  return (
    error instanceof HostKeyError || error instanceof AuthenticationError || error instanceof BastionError
  );
}

function finalError(
  cause: unknown,
  target: SshTarget,
  deadline: number,
  signal: AbortSignal | undefined,
): unknown {
  if (isFinal(cause) || cause instanceof TypeError || signal?.aborted) return cause;
  return new SilentMachine(silenceOf(target, deadline, messageOf(cause)), { cause });
}
