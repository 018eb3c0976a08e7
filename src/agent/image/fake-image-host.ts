import type { ImageRecord } from '../../model/image-record.ts';
import type { ImageHost, Source } from './image-host.ts';

/** All machines of a cluster by id, which reach each other. */
export type FakeImageNetwork = Map<string, FakeImageHost>;

/** A machine's Docker and folder in memory. */
export class FakeImageHost implements ImageHost {
  readonly architecture = 'amd64';
  /** Name → id of what its Docker has. */
  readonly docker = new Map<string, string>();
  /** Ids of images that its Docker has without a name. */
  readonly unnamed = new Set<string>();
  /** Digests of the manifests of what is in its folder. */
  readonly folder = new Set<string>();
  /** Of these, what a push has brought that is not recorded yet. */
  readonly pushed = new Set<string>();
  /** Set, Docker gives no answer but this. */
  refusal: string | undefined;
  /** Set, nothing goes from its folder. */
  stubborn = false;
  /** Set, a copy for others takes until then. */
  slow: Promise<void> | undefined;
  /** Set, Docker takes until then for what it pulls. */
  slowDocker: Promise<void> | undefined;
  /** Set, what is told of it is told from then on. */
  slowToServe: Promise<void> | undefined;
  /** Set, Docker takes as long to say what it has. */
  answer: (() => Promise<void>) | undefined;
  /** How often Docker was asked what it has. */
  asked = 0;
  /** What it serves. */
  served: readonly string[] = [];
  readonly #id: string;
  readonly #network: FakeImageNetwork;

  constructor(id: string, network: FakeImageNetwork) {
    this.#id = id;
    this.#network = network;
    network.set(id, this);
  }

  async names(): Promise<ReadonlyMap<string, string>> {
    this.asked += 1;
    await this.answer?.();
    if (this.refusal !== undefined) throw new Error(this.refusal);
    return new Map(this.docker);
  }

  async pull({ name, id, manifest }: ImageRecord, sources: readonly Source[]): Promise<void> {
    if (this.refusal !== undefined) throw new Error(this.refusal);
    if (!this.folder.has(manifest.digest)) this.#fetch(manifest.digest, sources);
    await this.slowDocker;
    const before = this.docker.get(name);
    if (before !== undefined && before !== id) this.unnamed.add(before);
    this.docker.set(name, id);
  }

  async prune(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.unnamed.delete(id);
  }

  async kept(images: readonly ImageRecord[]): Promise<readonly ImageRecord[]> {
    return images.filter(({ manifest }) => this.folder.has(manifest.digest));
  }

  async keep({ manifest }: ImageRecord, sources: readonly Source[]): Promise<void> {
    this.#fetch(manifest.digest, sources);
    await this.slow;
    this.folder.add(manifest.digest);
  }

  async release(images: readonly ImageRecord[], all: readonly ImageRecord[]): Promise<void> {
    if (this.stubborn) return;
    for (const { manifest } of all) this.pushed.delete(manifest.digest);
    const kept = new Set([...images.map(({ manifest }) => manifest.digest), ...this.pushed]);
    for (const digest of this.folder) if (!kept.has(digest)) this.folder.delete(digest);
  }

  async serve(
    images: readonly ImageRecord[],
    isMember: (machineId: string) => boolean,
  ): Promise<number | undefined> {
    await this.slowToServe;
    this.served = images.map(({ manifest }) => manifest.digest);
    this.#isMember = isMember;
    return images.length === 0 ? undefined : 5000;
  }

  async close(): Promise<void> {
    this.served = [];
  }

  #isMember: (machineId: string) => boolean = () => false;

  #fetch(digest: string, sources: readonly Source[]): void {
    const gives = sources.some(({ machineId }) => {
      const host = this.#network.get(machineId);
      return host?.served.includes(digest) && host.#isMember(this.#id);
    });
    if (!gives) throw new Error(`no machine gives ${digest}`);
  }
}
