import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { Descriptor } from '../../image/image.ts';
import { type Served, serveBlob, targetOf } from '../../image/registry.ts';
import { requestRange } from '../../image/upstream.ts';
import { messageOf } from '../../model/message-of.ts';
import type { Source } from './image-host.ts';

/** PEM: the agent's own certificate, and the authority that all agents have theirs from. */
export interface PeerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Machines that may be served at the same time; another one comes again. */
const mostConnections = 64;

/**
 * Serves blobs to other machines of the cluster, read-only: who has no certificate of the authority gets no connection,
 * and one whose name is no machine's no answer.
 */
export async function servePeers(
  tls: PeerTls,
  address: string,
  served: Pick<Served, 'blobs' | 'open'>,
  isMember: (machineId: string) => boolean,
): Promise<{ readonly port: number; close(): void }> {
  const options = { ...tls, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true } as const;
  const server: Server = createServer(options, (request, response) =>
    answer(served, isMember, request, response),
  );
  server.maxConnections = mostConnections;
  await once(server.listen(0, address), 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function answer(
  served: Pick<Served, 'blobs' | 'open'>,
  isMember: (machineId: string) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { socket, method } = request;
  const name = socket instanceof TLSSocket ? nameIn(socket.getPeerCertificate()) : undefined;
  const [, digest] = /^\/blobs\/([^/]+)$/.exec(targetOf(request).path) ?? [];
  if (name === undefined || !isMember(name)) response.writeHead(403).end();
  else if (digest === undefined) response.writeHead(404).end();
  else if (method !== 'GET' && method !== 'HEAD') response.writeHead(405).end();
  else void serveBlob({ ...served, repository: 'this machine' }, digest, request, response, () => undefined);
}

/** The blob from `start` to `end`, of the first of these machines that has it. */
export async function fetchFromPeers(
  tls: PeerTls,
  sources: readonly Source[],
  blob: Descriptor,
  start = 0,
  end = blob.size - 1,
): Promise<Readable> {
  const problems: string[] = [];
  for (const source of sources)
    try {
      return await fetchFrom(tls, source, blob, `bytes=${start}-${end}`);
    } catch (error) {
      problems.push(`${source.address}: ${messageOf(error)}`);
    }
  throw new Error(`no machine gives ${blob.digest}: ${problems.join('; ')}`);
}

function fetchFrom(tls: PeerTls, source: Source, { digest }: Descriptor, range: string): Promise<Readable> {
  const { address: host, port, machineId } = source;
  const options = {
    ...{ host, port, path: `/blobs/${digest}`, headers: { range } },
    ...{ ...tls, minVersion: 'TLSv1.3' as const },
    // Agents' certificates bear no address, but the id of their machine.
    checkServerIdentity: (_: string, certificate: PeerCertificate) => {
      const name = nameIn(certificate);
      return name === machineId ? undefined : new Error(`it is ${name}, not ${machineId}`);
    },
  };
  return requestRange(httpsRequest, options);
}

/** The common name, which is a machine's id. One that has several is none of ours. */
function nameIn({ subject }: Pick<PeerCertificate, 'subject'>): string | undefined {
  const name: unknown = subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
