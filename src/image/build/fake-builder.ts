import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { digestOf, hexOf } from '../digest.ts';
import type { FakeDocker } from '../fake-docker.ts';
import type { Sample } from '../sample-image.ts';

/** What a build was asked for. */
export interface FakeBuild {
  readonly query: URLSearchParams;
  /** The context's files with their contents, links with where they lead. */
  readonly files: ReadonlyMap<string, string>;
}

/** The part of a machine's Docker that builds: networks, builds, saved images. */
export class FakeBuilder {
  readonly builds: FakeBuild[] = [];
  /** Whether the network is there. */
  hasNetwork: (name: string) => boolean = () => true;
  /** What a build prints. */
  output: readonly string[] = ['Step 1/1 : FROM hello\n', ' ---> 0123456789ab\n'];
  /** Set, a build ends with this complaint. */
  failure: string | undefined;
  /** Set, a build goes on until whoever asked for it is gone. */
  endless = false;
  /** Builds that were ended by that. */
  cancelled = 0;
  /** Images that were saved. */
  saved = 0;
  readonly #docker: FakeDocker;
  readonly #result: Sample;

  /** @param result what every build comes to */
  constructor(docker: FakeDocker, result: Sample) {
    this.#docker = docker;
    this.#result = result;
    docker.route = (request, response) => this.#route(request, response);
  }

  get id(): string {
    return digestOf(this.#result.config);
  }

  #route(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://docker');
    const [, network] = /^\/networks\/(.+)$/.exec(pathname) ?? [];
    if (network !== undefined) response.writeHead(this.hasNetwork(network) ? 200 : 404).end('{}');
    else if (pathname === `/images/${this.id}/get`) this.#save(response);
    else if (pathname === '/build') void this.#build(searchParams, request, response);
    else return false;
    return true;
  }

  async #build(query: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.builds.push({ query, files: await unpack(request) });
    const say = (line: object) => response.write(`${JSON.stringify(line)}\n`);
    for (const stream of this.output) say({ stream });
    if (this.endless) {
      response.once('close', () => {
        this.cancelled += 1;
      });
      return;
    }
    if (this.failure === undefined) {
      const layers = this.#result.layers.map(digestOf);
      this.#docker.images.set(this.id, { layers, size: 1, parent: digestOf(Buffer.from('parent')) });
      this.#docker.names.set(String(query.get('t')), this.id);
      say({ aux: { ID: this.id } });
    } else say({ errorDetail: { message: this.failure }, error: this.failure });
    response.end();
  }

  /** As Docker since 25: an OCI layout, of which the blobs alone are of interest. */
  #save(response: ServerResponse): void {
    this.saved += 1;
    const archive = tar.pack();
    archive.entry({ name: 'blobs/', type: 'directory' });
    for (const blob of [...this.#result.layers, this.#result.config])
      archive.entry({ name: `blobs/sha256/${hexOf(digestOf(blob))}` }, blob);
    archive.entry({ name: 'oci-layout' }, '{}');
    archive.finalize();
    archive.pipe(response);
  }
}

async function unpack(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const entries = request.pipe(createGunzip()).pipe(tar.extract());
  for await (const entry of entries) {
    const { name, linkname } = entry.header;
    files.set(name, linkname ?? (await text(entry)));
    entry.resume();
  }
  return files;
}
