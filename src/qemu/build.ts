import { readdir, readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './command.ts';
import { exists } from './exists.ts';
import type { Log } from './log.ts';
import type { BuildMode, Recipe, Suite } from './recipe.ts';
import { hookEnvironment, mmdebstrapArguments, recipeKey } from './recipe.ts';
import type { Mirrors, SourcesFile } from './sources.ts';
import { debianMirrors } from './sources.ts';

export interface BuildOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/** What a built image says of itself, beside its files. */
export interface BuildManifest {
  readonly key: string;
  readonly suite: string;
  /** ISO 8601 */
  readonly built: string;
  readonly mirrors: Mirrors;
}

/** Milliseconds: a question, packages over a slow network, and a disk of some GiB. */
const deadlines = { question: 10_000, packages: 30 * 60_000, disk: 10 * 60_000 };

/** Debian keeps mke2fs in /usr/sbin, which an ordinary user's PATH lacks. */
export const environment = () => ({
  ...process.env,
  PATH: [process.env.PATH, '/usr/sbin', '/sbin'].filter(Boolean).join(delimiter),
});

/**
 * Unpacks the root file system, takes kernel and initial RAM disk out of it and makes it a disk. `$1` is the
 * folder, `$2` the size. The inode tables are zeroed now, where it costs nothing in a sparse file, and not by
 * every machine's kernel into its overlay.
 */
export const diskScript = `set -e; cd "$1"; mkdir rootfs; tar -C rootfs -xf rootfs.tar; rm rootfs.tar
cp rootfs/boot/vmlinuz-* vmlinuz; mv rootfs/boot/initrd .
truncate -s "$2" disk.raw
mke2fs -q -F -t ext4 -L root -m 0 -E lazy_itable_init=0,lazy_journal_init=0 -d rootfs disk.raw
rm -rf rootfs`;

/**
 * As root mmdebstrap mounts proc, sysfs and the host's own /dev/shm into its chroot, where the whole host sees
 * them, and leaves them there when it is killed. In namespaces of its own, all its processes and mounts die with
 * it. The other modes mount nothing outside theirs.
 */
export const isolation: Readonly<Record<BuildMode, readonly string[]>> = {
  root: ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
  unshare: [],
  fakechroot: [],
};

/** Builds an image into `folder` (empty, writable): vmlinuz, initrd and disk.raw. About a minute on 2 cores. */
export async function buildImage(
  recipe: Recipe,
  folder: string,
  options: BuildOptions,
): Promise<BuildManifest> {
  const mode = await buildMode(recipe.suite);
  if (mode === undefined) throw new Error(`this user can't build a ${recipe.suite} image: ${buildModeFix()}`);
  const mirrors = debianMirrors(await aptSources(), await readFile('/etc/os-release', 'utf8'));
  const { log } = options;
  log(
    `building a Debian ${recipe.suite} image in ${folder} (mmdebstrap, mode ${mode}, from ${mirrors.archive ?? "mmdebstrap's default mirror"})`,
  );
  await installPackages(recipe, { mode, mirrors, folder }, options);
  await writeDisk(recipe, { mode, folder }, options);
  log(`built a Debian ${recipe.suite} image`);
  return { key: recipeKey(recipe), suite: recipe.suite, built: new Date().toISOString(), mirrors };
}

const archive = (folder: string) => join(folder, 'rootfs.tar');

async function installPackages(
  recipe: Recipe,
  { mode, mirrors, folder }: { mode: BuildMode; mirrors: Mirrors; folder: string },
  options: BuildOptions,
): Promise<void> {
  const aptOptions = await aptProxies(options);
  const built = mmdebstrapArguments(recipe, { mode, mirrors, target: archive(folder), aptOptions });
  await run([...isolation[mode], 'mmdebstrap', ...built], {
    ...options,
    env: { ...environment(), ...hookEnvironment(recipe), ...(mode !== 'unshare' && { TMPDIR: folder }) },
    purpose: 'installing packages',
    deadline: deadlines.packages,
    killSignal: mode === 'root' ? 'SIGKILL' : 'SIGTERM',
  });
}

async function writeDisk(
  recipe: Recipe,
  { mode, folder }: { mode: BuildMode; folder: string },
  options: BuildOptions,
): Promise<void> {
  const asRoot = mode === 'root' ? [] : ['fakeroot', '--'];
  await run([...asRoot, 'sh', '-c', diskScript, 'sh', folder, String(recipe.diskSize)], {
    ...options,
    env: environment(),
    purpose: 'writing the disk image',
    deadline: deadlines.disk,
  });
  await rm(archive(folder), { force: true });
}

/**
 * How this user can build an image of the suite, or undefined. `unshare` needs user namespaces and a range of
 * subordinate ids. `fakechroot` needs neither, but runs the guest's programs on the host's dynamic linker, which
 * only works when both are of the same release (fakechroot(1), LIMITATIONS).
 */
export async function buildMode(suite: Suite): Promise<BuildMode | undefined> {
  const { uid, username } = userInfo();
  if (uid === 0) return 'root';
  if ((await hasSubordinateIds([username, String(uid)])) && (await hasUserNamespaces())) return 'unshare';
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return release.split('\n').includes(`VERSION_CODENAME=${suite}`) ? 'fakechroot' : undefined;
}

/** What to do when there is no mode, to be said before a build is tried. */
export function buildModeFix(): string {
  const { username } = userInfo();
  return `run: sudo apt install uidmap && sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`;
}

/** subuid(5): `user:first:count` lines. */
async function hasSubordinateIds(names: readonly string[]): Promise<boolean> {
  const ranges = await readFile('/etc/subuid', 'utf8').catch(() => '');
  return ranges.split('\n').some((line) => names.includes(line.split(':')[0] ?? ''));
}

async function hasUserNamespaces(): Promise<boolean> {
  const probe = ['unshare', '--user', '--map-auto', '--map-root-user', 'true'];
  return run(probe, {
    log: () => {},
    purpose: 'probe of user namespaces',
    deadline: deadlines.question,
  }).then(
    () => true,
    () => false,
  );
}

/** apt's lists of sources, as this host has them. */
export async function aptSources(): Promise<SourcesFile[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name));
  return Promise.all(
    ['/etc/apt/sources.list', ...paths].map(async (name) => ({
      name,
      text: await readFile(name, 'utf8').catch(() => ''),
    })),
  );
}

/** How this host reaches its mirrors: proxies, certificates, and whether it accepts a frozen mirror's old dates. */
export async function aptProxies(options: BuildOptions): Promise<string[]> {
  if (!(await exists('/usr/bin/apt-config'))) return [];
  const dump = await run(['apt-config', 'dump'], {
    ...options,
    purpose: "reading apt's settings",
    deadline: deadlines.question,
  });
  return dump.split('\n').flatMap((line) => {
    const kept = /^Acquire::(https?::.+|Check-Valid-Until|Check-Date) "(.+)";$/.test(line);
    return kept ? [line.replace(/;$/, '')] : [];
  });
}
