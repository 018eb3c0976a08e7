import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { BlobCache } from './blob-cache.ts';
import { inBlocks } from './in-blocks.ts';
import { pairingServer } from './pairing.ts';
import { authorization, type Handler, registry, type Served } from './registry.ts';
import { homePath, type RelayConfig } from './relay-config.ts';
import { Upstream } from './upstream.ts';

/**
 * What a machine's Docker pulls from while a push lasts: a registry on 127.0.0.1. The relay of one machine, the seed,
 * gets each blob once from the computer of whoever pushes, keeps it, and serves the relays of all others; those keep
 * nothing.
 *
 * @returns once whoever pushes has ended it, or is gone
 */
export async function runRelay(config: RelayConfig): Promise<void> {
  const upstream = new Upstream(config);
  const open =
    config.seed === undefined ? directly(config, upstream) : await cached(config, config.seed, upstream);
  const { secret, repository, tag, blobs } = config;
  const bytes = Buffer.from(config.manifest.contents, 'base64');
  const handler = registry(
    { repository, tag, blobs, manifest: { ...config.manifest, bytes }, open },
    { secret },
  );
  const servers = [await listen(createServer(handler), '127.0.0.1')];
  if (config.seed) servers.push(await listen(createPeerServer(config, handler), config.seed.address));
  const [port, peers] = servers.map(({ port }) => port);
  try {
    await stayInTouch(config, { port, peers });
  } finally {
    for (const { server } of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

function directly({ blobs }: RelayConfig, upstream: Upstream): Served['open'] {
  return async (digest, span) => {
    const bytes = await upstream.fetch(find(blobs, digest), span?.start ?? 0, span?.end);
    return Readable.from(inBlocks(bytes), { objectMode: false });
  };
}

/** The manifest is kept with the rest: by it the machine's agent tells later which blobs make the image. */
async function cached(
  { blobs, manifest: { contents, ...manifest } }: RelayConfig,
  seed: NonNullable<RelayConfig['seed']>,
  upstream: Upstream,
): Promise<Served['open']> {
  const cache = new BlobCache(seed.cache, (blob, start) => upstream.fetch(blob, start));
  await cache.keepOnly(seed.name, [...blobs, manifest]);
  await cache.put(manifest, Buffer.from(contents, 'base64'));
  return (digest, span) => cache.open(find(blobs, digest), span);
}

function find(blobs: RelayConfig['blobs'], digest: string): RelayConfig['blobs'][number] {
  const blob = blobs.find((each) => each.digest === digest);
  if (blob === undefined) throw new Error(`there is no blob ${digest} in this push`);
  return blob;
}

function createPeerServer({ key }: RelayConfig, handler: Handler): Server {
  return createTlsServer(pairingServer(key), handler);
}

async function listen(server: Server, host: string): Promise<{ server: Server; port: number }> {
  await once(server.listen(0, host), 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port };
}

/** Tells home where this relay answers. The answer lasts as long as the push. */
async function stayInTouch(
  { home, machine, secret }: RelayConfig,
  report: { readonly port: number | undefined; readonly peers: number | undefined },
): Promise<void> {
  const query = Object.entries(report).flatMap(([name, port]) =>
    port === undefined ? [] : [`${name}=${port}`],
  );
  const request = get({
    host: '127.0.0.1',
    port: home,
    path: `${homePath}?${query.join('&')}`,
    headers: { authorization: authorization(machine, secret) },
  });
  const [response] = await once(request, 'response');
  if (response.statusCode !== 200) throw new Error(`home answered ${response.statusCode}`);
  response.resume();
  // Cut off or ended in good order: in both cases nobody pushes any more.
  await new Promise((resolve) => response.once('close', resolve).once('error', resolve));
}
