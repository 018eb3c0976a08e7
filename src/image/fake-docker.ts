import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { digestOf, shortDigest } from './digest.ts';
import { manifestSchema } from './schemas.ts';

interface Kept {
  readonly layers: readonly string[];
  readonly size: number;
  /** Of an image that was built here. */
  readonly parent?: string;
}

/**
 * A machine's Docker on a unix socket: of the Engine API what `docker.ts` asks for. It really pulls, as Docker does:
 * by digest, layers that it lacks and no others, each checked.
 */
export class FakeDocker {
  readonly socket: string;
  architecture = 'amd64';
  /** By id. */
  readonly images = new Map<string, Kept>();
  /** Name to id; what was pulled by digest is a name too. */
  readonly names = new Map<string, string>();
  /** Digests that were asked of registries, in order. */
  readonly fetched: string[] = [];
  /** Set, a pull ends with this complaint. */
  refusal: string | undefined;
  /** Answers first, for what only some ask for; says whether it did. */
  route: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly #layers = new Set<string>();
  readonly #server: Server;

  constructor(socket: string) {
    this.socket = socket;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) =>
        response.writeHead(500).end(JSON.stringify({ message: String(error) })),
      );
    });
  }

  /** Takes a connection, without a socket. */
  readonly accept = (stream: Duplex): void => {
    this.#server.emit('connection', stream);
  };

  async listen(): Promise<this> {
    await once(this.#server.listen(this.socket), 'listening');
    return this;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.route?.(request, response)) return;
    const { method, url = '', headers } = request;
    const { pathname, searchParams } = new URL(url, 'http://docker');
    const json = (value: unknown) => response.end(JSON.stringify(value));
    const named = /^\/images\/(.+?)(\/json|\/tag)?$/.exec(pathname)?.[1] ?? '';
    if (pathname === '/version') return void json({ Version: '26.1.5', Arch: this.architecture });
    if (pathname === '/images/json') return void json(this.#list());
    if (pathname === '/images/create')
      return this.#pull(searchParams, String(headers['x-registry-auth']), response);
    if (pathname.endsWith('/json'))
      return void json({ RootFS: { Layers: this.images.get(named)?.layers ?? [] } });
    if (method === 'POST') this.names.set(`${searchParams.get('repo')}:${searchParams.get('tag')}`, named);
    else if (!this.names.delete(named) && !this.images.delete(named))
      return void response.writeHead(404).end(json({ message: `No such image: ${named}` }));
    response.end();
  }

  #list() {
    return [...this.images].map(([Id, { size: Size, parent: ParentId = '' }]) => {
      const names = [...this.names]
        .filter(([name, id]) => id === Id && !name.includes('@'))
        .map(([name]) => name);
      return { Id, ParentId, RepoTags: names.length > 0 ? names : null, Size, Created: 1_700_000_000 };
    });
  }

  async #pull(query: URLSearchParams, login: string, response: ServerResponse): Promise<void> {
    const [from, digest] = [String(query.get('fromImage')), String(query.get('tag'))];
    const [host = '', ...repository] = from.split('/');
    // Go's base64.URLEncoding: without padding it is no login.
    if (login.length % 4 !== 0) throw new Error('no basic auth credentials');
    const { username, password } = JSON.parse(Buffer.from(login, 'base64url').toString());
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const ask = async (kind: string, reference: string): Promise<Buffer> => {
      const answer = await fetch(`http://${host}/v2/${repository.join('/')}/${kind}/${reference}`, {
        headers: { authorization },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (digestOf(bytes) !== reference)
        throw new Error(`filesystem layer verification failed for digest ${reference}`);
      this.fetched.push(reference);
      return bytes;
    };
    const say = (line: object) => response.write(`${JSON.stringify(line)}\n`);
    try {
      if (this.refusal) throw new Error(this.refusal);
      const { config, layers } = manifestSchema.parse(
        JSON.parse((await ask('manifests', digest)).toString()),
      );
      const about = JSON.parse((await ask('blobs', config.digest)).toString());
      await Promise.all(
        layers.map(async (layer) => {
          const status = this.#layers.has(layer.digest) ? 'Already exists' : 'Pull complete';
          if (status === 'Pull complete') await ask('blobs', layer.digest);
          this.#layers.add(layer.digest);
          say({ id: shortDigest(layer.digest), status });
        }),
      );
      this.images.set(config.digest, {
        layers: about.rootfs.diff_ids,
        size: layers.reduce((sum, { size }) => sum + size, 0),
      });
      this.names.set(`${from}@${digest}`, config.digest);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      say({ errorDetail: { message }, error: message });
    }
    response.end();
  }
}
