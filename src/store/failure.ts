import { X509Certificate } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { messageOf } from '../model/message-of.ts';
import { Forbidden, OutOfSpace, TooLarge } from './store.ts';

/** No connection came about, or it ended before there was an answer. */
export class NotConnected extends Error {}

/** No connection came about in time. */
export class ConnectsSlowly extends NotConnected {}

const connectionFailures: readonly unknown[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
];

/** The endpoint may be at fault, so another one may do better; what the call did is unknown. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof NotConnected || connectionFailures.includes(codeOf(error))) return true;
  if (codeOf(error) === status.RESOURCE_EXHAUSTED) return /too many requests/.test(reasonOf(error));
  // What etcd 3.4 calls a deadline that passed while it waited for its majority.
  if (codeOf(error) === status.UNKNOWN) return /context (deadline exceeded|canceled)/.test(reasonOf(error));
  // HTTP/2 that makes no sense: a member that dies, or something between us that cuts into the stream.
  return codeOf(error) === status.INTERNAL && /RST_STREAM|protocol error/i.test(reasonOf(error));
}

/** Neither refused nor answered: the endpoint may hang, or be cut off without a sign. */
export function isSilence(error: unknown): boolean {
  return codeOf(error) === status.DEADLINE_EXCEEDED;
}

/** More time might have helped. */
export function isLate(error: unknown): boolean {
  return isSilence(error) || error instanceof ConnectsSlowly;
}

/**
 * Users or roles changed between the moment that etcd looked up who is asking and the moment that it acted. It did
 * nothing; asked again it looks them up anew. 3.4 says it in other words than 3.5.
 */
export function isOldAuthRevision(error: unknown): boolean {
  return /auth: revision in header is old|revision of auth store is old/.test(reasonOf(error));
}

/** etcd's refusals that callers tell apart; other errors as they are. `writers` are named to who may not write. */
export function refusalOf(error: unknown, path: string, writers: readonly string[]): unknown {
  const code = codeOf(error);
  if (code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED) {
    return reads.includes(path) ? unknownHere(error) : keysOfOthers(writers, error);
  }
  if (code === status.RESOURCE_EXHAUSTED && /space exceeded/.test(reasonOf(error))) return outOfSpace(error);
  if (code === status.INVALID_ARGUMENT && /request is too large/.test(reasonOf(error)))
    return tooLarge(error);
  return error;
}

const reads: readonly string[] = ['/etcdserverpb.KV/Range', '/etcdserverpb.Watch/Watch'];

/** Every machine that was admitted may read, so who may not read is unknown to etcd. */
export function unknownHere(cause?: unknown): Forbidden {
  const advice = '`npm run up -- --refresh` admits the machines of the stack';
  return new Forbidden(`etcd does not know this machine’s certificate; ${advice}`, { cause });
}

function keysOfOthers(writers: readonly string[], cause: unknown): Forbidden {
  const where = writers.length > 0 ? writers.join(' or ') : 'an etcd machine';
  return new Forbidden(`this machine may write only what is its own; ask the agent on ${where}`, { cause });
}

function outOfSpace(cause: unknown): OutOfSpace {
  return new OutOfSpace(
    'etcd’s database is full, so it takes no writes; what runs goes on running. Make room as docs/etcd.md says',
    { cause },
  );
}

function tooLarge(cause: unknown): TooLarge {
  return new TooLarge(
    'etcd takes no request as large as this; let it run without a --max-request-bytes below its default',
    { cause },
  );
}

/** Where nothing tells why no member answers. */
export const downMembers = '`npm run up -- --refresh` starts etcd machines that are down (docs/etcd.md)';

/** What to do about endpoints that all failed, by what they said. The first that fits counts. */
const advices: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    /no leader|leader changed|request timed out/,
    'its members have no majority: start the etcd machines that are down (`npm run up -- --refresh` does)',
  ],
  [
    /certificate (has )?expired|expired certificate|CERT_HAS_EXPIRED/i,
    'a certificate has expired: `npm run up -- --refresh` renews those that are due',
  ],
  [
    /certificate|unknown ca/,
    'was the cluster made anew? `npm run up -- --refresh` delivers the certificates',
  ],
];

/**
 * @param failures one sentence for each endpoint
 * @param certificate our own, PEM
 */
export function adviceFor(failures: readonly string[], certificate?: string): string {
  const end = certificate === undefined ? undefined : new X509Certificate(certificate).validTo;
  if (end !== undefined && Date.parse(end) < Date.now()) {
    return `this machine’s own certificate expired on ${end}: \`npm run up -- --refresh\` renews it`;
  }
  const said = failures.join('\n');
  return advices.find(([pattern]) => pattern.test(said))?.[1] ?? downMembers;
}

/** What there is to say about a failed call, without the library's words around it. */
export function reasonOf(error: unknown): string {
  const said = isServiceError(error) ? error.details : messageOf(error);
  const [, last] = /Last error: (?:Error: )?([\s\S]*?)(?:\.? *Resolution note:[\s\S]*)?$/.exec(said) ?? [];
  const reason = (last ?? said).trim();
  return /:SSL routines:[^:]*:([^:]+):/.exec(reason)?.[1] ?? reason;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isServiceError(error: unknown): error is Error & { details: string } {
  return error instanceof Error && 'details' in error && typeof error.details === 'string';
}
