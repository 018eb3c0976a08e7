import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf, digestPattern } from './digest.ts';
import type { Descriptor, Manifest, Span } from './image.ts';
import { parseRange } from './span.ts';

/** What a registry has: one image, under one name. */
export interface Served {
  /** The distribution specification's <name>: `team/app`. */
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Manifest;
  readonly blobs: readonly Descriptor[];
  open(digest: string, span?: Span): Readable | Promise<Readable>;
}

/** Bytes of a blob that went out. */
export interface Sent {
  /** Who asked: the name that they logged in with. */
  readonly to: string;
  readonly digest: string;
  readonly bytes: number;
}

export interface RegistryOptions {
  /** The password that all requests must have; the name beside it is free. */
  readonly secret: string;
  readonly onSent?: (sent: Sent) => void;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Codes of the distribution specification, and the status that goes with each. */
const statuses = {
  BLOB_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_UNKNOWN: 404,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
} as const;
type Code = keyof typeof statuses;

/**
 * The read-only part of a registry (OCI distribution specification 1.1, "pull"): manifests by digest and tag, blobs,
 * each with GET and HEAD, blobs in ranges too.
 */
export function registry(served: Served, options: RegistryOptions): Handler {
  return (request, response) => {
    const user = userOf(request, options.secret);
    if (user === undefined) return refuse(response, 'UNAUTHORIZED', 'log in with the password of this push');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(
        response,
        'UNSUPPORTED',
        `${request.method} is not supported: this registry is read-only`,
      );
    const { path } = targetOf(request);
    if (path === '/v2/' || path === '/v2')
      return answer(request, response, 'application/json', Buffer.from('{}'));
    const [, repository, kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    if (repository !== served.repository)
      return refuse(
        response,
        'NAME_UNKNOWN',
        `there is no ${path}; this registry has ${served.repository} alone`,
      );
    if (kind === 'manifests') return serveManifest(served, reference, request, response);
    void serveBlob(served, reference, request, response, (digest, bytes) =>
      options.onSent?.({ to: user, digest, bytes }),
    );
  };
}

/** Cut up by hand: `new URL` throws on a target such as `//`, which would end the process that answers. */
export function targetOf({ url = '/' }: Pick<IncomingMessage, 'url'>): { path: string; query: string } {
  const [path = '', ...query] = url.split('?');
  return { path, query: query.join('?') };
}

/** The name in an Authorization header whose password is right. */
export function userOf({ headers }: Pick<IncomingMessage, 'headers'>, secret: string): string | undefined {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  // Of digests, which are of one length, as timingSafeEqual wants.
  const [given, right] = [password.join(':'), secret].map((each) => Buffer.from(digestOf(Buffer.from(each))));
  return given && right && timingSafeEqual(given, right) ? user : undefined;
}

/** What `userOf` reads. */
export function authorization(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

function refuse(response: ServerResponse, code: Code, message: string): void {
  const status = statuses[code];
  const challenge = { 'www-authenticate': 'Basic realm="flotilla"' };
  response.writeHead(status, { 'content-type': 'application/json', ...(status === 401 && challenge) });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function answer(request: IncomingMessage, response: ServerResponse, type: string, body: Buffer): void {
  response.writeHead(200, {
    'content-type': type,
    'content-length': body.length,
    'docker-content-digest': digestOf(body),
    'docker-distribution-api-version': 'registry/2.0',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function serveManifest(
  { manifest, repository, tag }: Served,
  reference: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const found = reference === manifest.digest || reference === tag;
  if (found) answer(request, response, manifest.mediaType, manifest.bytes);
  else refuse(response, 'MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}`);
}

/** One blob, or a part of it; `sent` hears of each piece. */
export async function serveBlob(
  { blobs, repository, open }: Pick<Served, 'blobs' | 'repository' | 'open'>,
  digest: string,
  request: IncomingMessage,
  response: ServerResponse,
  sent: (digest: string, bytes: number) => void,
): Promise<void> {
  if (!digestPattern.test(digest))
    return refuse(response, 'DIGEST_INVALID', `${digest} is no digest of sha256`);
  const blob = blobs.find((each) => each.digest === digest);
  if (blob === undefined) return refuse(response, 'BLOB_UNKNOWN', `${repository} has no blob ${digest}`);
  const span = parseRange(request.headers.range, blob.size);
  const headers = { 'accept-ranges': 'bytes', 'docker-content-digest': digest };
  if (span === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${blob.size}` }).end();
    return;
  }
  const length = span ? span.end - span.start + 1 : blob.size;
  const range = span && { 'content-range': `bytes ${span.start}-${span.end}/${blob.size}` };
  const head = { ...headers, ...range, 'content-type': 'application/octet-stream', 'content-length': length };
  if (request.method === 'HEAD' || length === 0) {
    response.writeHead(span ? 206 : 200, head).end();
    return;
  }
  try {
    const stream = await open(digest, span);
    response.writeHead(span ? 206 : 200, head);
    response.flushHeaders();
    stream.on('data', (chunk: Buffer) => sent(digest, chunk.length));
    await pipeline(stream, response);
  } catch {
    // Too late for a status, and who asked sees that the body is cut off: it asks for the rest.
    response.destroy();
  }
}
