import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BlobCache } from '../../image/blob-cache.ts';
import { digestOf, hexOf } from '../../image/digest.ts';
import { Docker } from '../../image/docker.ts';
import { blobsOf, type Descriptor, type Span } from '../../image/image.ts';
import { forgetOthers, type Listed, listName, noteKept, removeUnlisted } from '../../image/image-lists.ts';
import { pullImage } from '../../image/pull.ts';
import { parseReference, pathOf } from '../../image/reference.ts';
import { registry } from '../../image/registry.ts';
import { manifestSchema } from '../../image/schemas.ts';
import type { ImageRecord } from '../../model/image-record.ts';
import { parseJson } from '../../model/parse-json.ts';
import type { ImageHost, Source } from './image-host.ts';
import { fetchFromPeers, type PeerTls, servePeers } from './peers.ts';

export interface LocalImageHostOptions {
  readonly tls: PeerTls;
  /** Of this machine, on the cluster network. */
  readonly address: string;
  /** Docker's socket. */
  readonly docker: string;
  /** The folder for blobs, which pushes use too. */
  readonly folder: string;
}

/** Milliseconds that Docker gets to say what it has. */
const patience = 5000;

/** Milliseconds in which a push that is not recorded yet has ended, or is begun anew. */
const pushAge = 24 * 3600 * 1000;

/** Node's words for processors, in Go's. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** This machine's Docker and folder, and TLS by the agent's certificate. */
export class LocalImageHost implements ImageHost {
  readonly architecture = architectures[process.arch] ?? process.arch;
  readonly #options: LocalImageHostOptions;
  readonly #docker: Docker;
  readonly #stop = new AbortController();
  #blobs: ReadonlyMap<string, Descriptor> = new Map();
  #server: { readonly port: number; close(): void } | undefined;

  constructor(options: LocalImageHostOptions) {
    this.#options = options;
    const openSocket = async (path: string) => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socket;
    };
    this.#docker = new Docker({ openSocket }, options.docker);
  }

  async names(): Promise<ReadonlyMap<string, string>> {
    const images = await this.#docker.images(
      AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)]),
    );
    return new Map(images.flatMap(({ id, names }) => names.map((name) => [name, id] as const)));
  }

  async pull(image: ImageRecord, sources: readonly Source[]): Promise<void> {
    const reference = parseReference(image.name);
    if (reference === undefined) throw new Error(`${image.name} is no name with a tag`);
    const bytes = await this.#manifestOf(image, sources);
    const blobs = contentsOf(image, bytes);
    const [repository, secret] = [pathOf(reference), randomBytes(32).toString('base64url')];
    const open = (digest: string, span?: Span) => this.#open(find(blobs, digest), sources, span);
    const served = { repository, tag: reference.tag, manifest: { ...image.manifest, bytes }, blobs, open };
    const server = createServer(registry(served, { secret }));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const pull = { reference, id: image.id, digest: image.manifest.digest, port, secret, user: 'agent' };
      await pullImage(this.#docker, pull, () => undefined, this.#stop.signal);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  async prune(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { signal } = this.#stop;
    const unnamed = (await this.#docker.images(signal)).filter(
      ({ id, names }) => names.length === 0 && ids.includes(id),
    );
    // One that a container has stays until that is gone: Docker refuses.
    for (const { id } of unnamed) await this.#docker.remove(id, signal).catch(() => undefined);
  }

  async kept(images: readonly ImageRecord[]): Promise<readonly ImageRecord[]> {
    const whole = await Promise.all(images.map((image) => this.#isWhole(image)));
    return images.filter((_, number) => whole[number]);
  }

  async keep(image: ImageRecord, sources: readonly Source[]): Promise<void> {
    const { folder } = this.#options;
    const cache = new BlobCache(folder, (blob, start) => this.#fetch(sources, blob, start));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const bytes = await this.#manifestOf(image, sources);
    const blobs = contentsOf(image, bytes);
    await noteKept(folder, listName(image.architecture, image.name), [...blobs, image.manifest]);
    await cache.put(image.manifest, bytes);
    for (const blob of blobs) await cache.bring(blob, this.#stop.signal);
  }

  async release(kept: readonly ImageRecord[], all: readonly ImageRecord[]): Promise<void> {
    const { folder } = this.#options;
    if ((await stat(folder).catch(() => undefined)) === undefined) return;
    for (const image of await this.kept(kept)) await this.#note(image);
    await forgetOthers(folder, kept.map(listed), all.map(listed), pushAge);
    await removeUnlisted(folder);
  }

  async serve(
    images: readonly ImageRecord[],
    isMember: (machineId: string) => boolean,
  ): Promise<number | undefined> {
    const lists = await Promise.all(
      images.map(async (image) => [image.manifest, ...contentsOf(image, await this.#read(image.manifest))]),
    );
    this.#blobs = new Map(lists.flat().map((blob) => [blob.digest, blob]));
    if (this.#blobs.size === 0) {
      this.#server?.close();
      this.#server = undefined;
      return undefined;
    }
    this.#server ??= await this.#listen(isMember);
    return this.#server.port;
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the agent ends'));
    this.#server?.close();
  }

  #listen(isMember: (machineId: string) => boolean) {
    const { tls, address, folder } = this.#options;
    const blobs = () => [...this.#blobs.values()];
    const open = (digest: string, span?: Span) => createReadStream(join(folder, hexOf(digest)), span);
    const served = {
      get blobs() {
        return blobs();
      },
      open,
    };
    return servePeers(tls, address, served, isMember);
  }

  /** From the folder, where it is whole, and else from the others. */
  async #open(blob: Descriptor, sources: readonly Source[], span?: Span): Promise<Readable> {
    const file = join(this.#options.folder, hexOf(blob.digest));
    if ((await sizeOf(file)) === blob.size) return createReadStream(file, span);
    return this.#fetch(sources, blob, span?.start, span?.end);
  }

  #fetch(sources: readonly Source[], blob: Descriptor, start?: number, end?: number): Promise<Readable> {
    return fetchFromPeers(this.#options.tls, sources, blob, start, end);
  }

  async #manifestOf({ manifest }: ImageRecord, sources: readonly Source[]): Promise<Buffer> {
    const bytes = await buffer(await this.#open(manifest, sources));
    if (digestOf(bytes) !== manifest.digest) throw new Error(`${manifest.digest} came with other bytes`);
    return bytes;
  }

  /** A list is what keeps pushes from removing it. */
  async #note(image: ImageRecord): Promise<void> {
    const blobs = [image.manifest, ...contentsOf(image, await this.#read(image.manifest))];
    await noteKept(this.#options.folder, listName(image.architecture, image.name), blobs);
  }

  #read({ digest }: Descriptor): Promise<Buffer> {
    return readFile(join(this.#options.folder, hexOf(digest)));
  }

  /** A file gets its name when its digest was right, so its size is enough. */
  async #isWhole(image: ImageRecord): Promise<boolean> {
    const { folder } = this.#options;
    const isThere = async ({ digest, size }: Descriptor) =>
      (await sizeOf(join(folder, hexOf(digest)))) === size;
    if (!(await isThere(image.manifest))) return false;
    const there = await Promise.all(contentsOf(image, await this.#read(image.manifest)).map(isThere));
    return !there.includes(false);
  }
}

function listed({ architecture, name, manifest }: ImageRecord): Listed {
  return { list: listName(architecture, name), manifest: manifest.digest };
}

/** Config and layers, each once. */
function contentsOf({ id, manifest }: ImageRecord, bytes: Buffer): readonly Descriptor[] {
  const found = manifestSchema.safeParse(parseJson(bytes.toString('utf8')));
  if (!found.success || found.data.config.digest !== id)
    throw new Error(`${manifest.digest} is no manifest of ${id}`);
  return blobsOf(found.data);
}

function find(blobs: readonly Descriptor[], digest: string): Descriptor {
  const blob = blobs.find((each) => each.digest === digest);
  if (blob === undefined) throw new Error(`${digest} is no part of the image`);
  return blob;
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}
