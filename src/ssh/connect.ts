import pRetry, { AbortError } from 'p-retry';
import { messageOf } from '../model/message-of.ts';
import { remind } from '../model/remind.ts';
import type { SshTarget } from './connection.ts';
import { dial } from './dial.ts';
import { AuthenticationError, HostKeyError } from './errors.ts';
import { Ssh2Connection } from './ssh2.ts';

export interface ConnectOptions {
  /** Seconds until the machine must have answered; default 30. */
  readonly deadline?: number;
  /** Gets a line every 10 s that says what is waited for. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Seconds. The banner's limit grows by half with each attempt: a loaded emulated machine may be slow to speak. */
const patience = { firstBanner: 3, longestBanner: 10, handshake: 30, longestPause: 3 };

/**
 * Waits until the machine answers, proves its host key and takes the user's key.
 *
 * @throws HostKeyError and AuthenticationError at once: time does not heal those. Any other failure is tried
 * again until the deadline, and the last one is the cause.
 */
export async function connect(target: SshTarget, options: ConnectOptions = {}): Promise<Ssh2Connection> {
  const deadline = options.deadline ?? 30;
  const started = Date.now();
  let last = 'no answer yet';
  const waited = () => Math.round((Date.now() - started) / 1000);
  const progress = () => `${target.name} to answer SSH (${waited()} s of ${deadline} s): ${last}`;
  const stopReminding = remind(options.log, progress);
  try {
    return await pRetry(
      (attempt) => attemptOnce(target, attempt, started + deadline * 1000, options.signal),
      {
        retries: Number.POSITIVE_INFINITY,
        factor: 1.5,
        minTimeout: 250,
        maxTimeout: patience.longestPause * 1000,
        maxRetryTime: deadline * 1000,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onFailedAttempt: ({ error }) => {
          last = error.message;
        },
      },
    );
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
  signal: AbortSignal | undefined,
): Promise<Ssh2Connection> {
  const left = Math.max(0.1, (end - Date.now()) / 1000);
  const banner = Math.min(patience.longestBanner, patience.firstBanner * 1.5 ** (attempt - 1));
  const limits = { banner: Math.min(left, banner), handshake: Math.min(left, patience.handshake) };
  try {
    const { client, hostKey } = await dial(target, signal === undefined ? limits : { ...limits, signal });
    return new Ssh2Connection({ ...target, hostKey }, client);
  } catch (error) {
    if (error instanceof HostKeyError || error instanceof AuthenticationError) throw new AbortError(error);
    throw error;
  }
}

function finalError(
  cause: unknown,
  target: SshTarget,
  deadline: number,
  signal: AbortSignal | undefined,
): unknown {
  if (cause instanceof HostKeyError || cause instanceof AuthenticationError || signal?.aborted) return cause;
  const last = messageOf(cause);
  const message =
    `${target.name} did not answer SSH within ${deadline} s; the last attempt said: ${last}. ` +
    'See on its console whether it runs (of a local machine: ' +
    `.flotilla/stacks/STACK/machines/${target.name}/console.log); ` +
    '`npm run up -- --refresh` starts local machines that are down';
  return new Error(message, { cause });
}
