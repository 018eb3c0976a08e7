import { mkdir, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

const day = 86_400_000;

/** A cache of small files for tests; none of it could be started. */
export class FakeCache {
  readonly env: { readonly XDG_CACHE_HOME: string };
  readonly templates: string;
  readonly images: string;

  private constructor(root: string) {
    this.env = { XDG_CACHE_HOME: root };
    this.templates = cacheFolder('templates', this.env);
    this.images = cacheFolder('images', this.env);
  }

  static async make(): Promise<FakeCache> {
    return new FakeCache(await mkdtemp(join(tmpdir(), 'cache-')));
  }

  /** A template last used so many days ago. Its memory is long, but takes only `kib` on disk. */
  async template(key: string, { days = 0, kib = 64 } = {}): Promise<string> {
    const folder = await this.halfMade(key, kib);
    for (const name of ['devices', 'disk.qcow2', 'key', 'host-key.pub'])
      await writeFile(join(folder, name), name);
    const manifest = { key, image: 'trixie-1', accelerator: 'tcg', cpus: 1, memory: 1024, disk: 8 };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(this.templates, `${key}.lock`), '');
    const used = new Date(Date.now() - days * day);
    await utimes(folder, used, used);
    return folder;
  }

  /** Memory and nothing else, under any name. */
  async halfMade(name: string, kib = 64): Promise<string> {
    const folder = join(this.templates, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'memory'), Buffer.alloc(kib * 1024, 1));
    await truncate(join(folder, 'memory'), 2 ** 30);
    return folder;
  }

  async image(key: string): Promise<string> {
    const folder = join(this.images, key);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'disk.raw'), Buffer.alloc(4096, 1));
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ key, suite: 'trixie' }));
    return folder;
  }

  async remove(): Promise<void> {
    await rm(this.env.XDG_CACHE_HOME, { recursive: true, force: true });
  }
}
