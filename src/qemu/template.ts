import { chmod, mkdir, readdir, readFile, rename, rm, statfs, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { MachineSpec } from './arguments.ts';
import { cacheFolder } from './cache-folder.ts';
import { exists } from './exists.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';
import { machinePaths, socketPathLimit, templateFiles } from './paths.ts';
import { pruneTemplates } from './prune.ts';
import { removeFolder } from './remove.ts';
import { setAside } from './set-aside.ts';
import { type SavedMachine, save } from './snapshot.ts';
import { endMachine, stopMachine } from './stop-machine.ts';
import { unlessGone } from './template-cache.ts';

/** A machine without an identity, booted once and saved; others of its shape wake from it. */
export interface Template extends SavedMachine {
  readonly key: string;
  readonly folder: string;
  /** The keys it is met with: whoever wakes it replaces both. */
  readonly privateKey: string;
  readonly hostKey: string;
}

/** What is said of a template, for people. */
export interface TemplateManifest {
  readonly key: string;
  readonly image: string;
  readonly accelerator: string;
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB */
  readonly disk: number;
}

export interface TemplateOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Default: `templateCache()` */
  readonly cache?: string;
}

/** Makes the machine in the folder ready to be saved; it runs when this resolves. */
export type MakeReady = (
  folder: string,
  memoryFile: string,
) => Promise<Pick<Template, 'privateKey' | 'hostKey'>>;

export const templateCache = (env?: NodeJS.ProcessEnv): string => cacheFolder('templates', env);

/** MiB that a template's disk may take over the image. */
const roomForDisk = 128;

/**
 * The template, from the cache or else made now. Of two processes that want the same one, one makes it and the other
 * waits. It appears under its name only when it is complete.
 */
export async function ensureTemplate(
  spec: MachineSpec,
  key: string,
  makeReady: MakeReady,
  options: TemplateOptions,
): Promise<Template> {
  const cache = options.cache ?? templateCache();
  const folder = join(cache, key);
  const found = await readTemplate(folder);
  if (found) return found;
  await mkdir(cache, { recursive: true, mode: 0o700 });
  await refuseWithoutRoom(spec, cache, key);
  const purpose = `template ${key}`;
  return withLock(join(cache, `${key}.lock`), { ...options, purpose }, async () => {
    const made = await readTemplate(folder);
    return made ?? makeTemplate(spec, key, makeReady, { ...options, cache });
  });
}

/**
 * What would fail in the middle, and then in words of QEMU's own.
 *
 * @throws Error that says what to do about it
 */
async function refuseWithoutRoom({ memory }: MachineSpec, cache: string, key: string): Promise<void> {
  const socket = machinePaths(join(cache, `${key}.part`)).qmp;
  if (Buffer.byteLength(socket) > socketPathLimit)
    throw new Error(
      `${socket} is longer than the ${socketPathLimit} bytes of a unix socket: set XDG_CACHE_HOME to a shorter folder`,
    );
  const { bavail, bsize } = await statfs(cache);
  const free = Math.floor((bavail * bsize) / 1024 ** 2);
  if (free < memory + roomForDisk)
    throw new Error(
      `a template takes up to ${memory + roomForDisk} MiB, ${cache} has ${free} MiB left: free some, or set XDG_CACHE_HOME to a folder elsewhere`,
    );
}

/** undefined when there is none; it counts as used just now. */
export async function readTemplate(folder: string): Promise<Template | undefined> {
  const file = (name: keyof typeof templateFiles) => join(folder, templateFiles[name]);
  const needed = (['manifest', 'memory', 'devices', 'disk'] as const).map((name) => exists(file(name)));
  if ((await Promise.all(needed)).includes(false)) return undefined;
  // It may be pruned between two looks.
  return unlessGone(openTemplate(folder, file));
}

async function openTemplate(
  folder: string,
  file: (name: keyof typeof templateFiles) => string,
): Promise<Template> {
  const [privateKey, hostKey] = await Promise.all([
    readFile(file('privateKey'), 'utf8'),
    readFile(file('hostKey'), 'utf8'),
  ]);
  const now = new Date();
  await utimes(folder, now, now).catch(ignoreReadOnly);
  const files = { memory: file('memory'), devices: file('devices'), disk: file('disk') };
  return { key: basename(folder), folder, ...files, privateKey, hostKey: hostKey.trim() };
}

/** Who may only read the cache may use it all the same. */
function ignoreReadOnly(error: NodeJS.ErrnoException): void {
  if (!['EROFS', 'EACCES', 'EPERM'].includes(error.code ?? '')) throw error;
}

/** Takes a template away that nothing wakes from, if there is one, so that the next start makes another. */
export async function discardTemplate({ folder }: Pick<Template, 'folder'>): Promise<void> {
  const gone = await setAside(folder);
  if (gone !== undefined) await removeFolder(gone);
}

async function makeTemplate(
  spec: MachineSpec,
  key: string,
  makeReady: MakeReady,
  options: TemplateOptions & { cache: string },
): Promise<Template> {
  const { cache, log } = options;
  await endLeftOver(cache, key, log);
  const part = join(cache, `${key}.part`);
  try {
    await mkdir(part, { recursive: true, mode: 0o700 });
    const keys = await makeReady(part, join(part, templateFiles.memory));
    await save(machinePaths(part).qmp, join(part, templateFiles.devices), log);
    await keepOnlyTemplate(spec, key, part, keys, log);
    await discardTemplate({ folder: join(cache, key) });
    await rename(part, join(cache, key));
  } finally {
    await stopMachine(part, log);
  }
  const template = await readTemplate(join(cache, key));
  if (!template) throw new Error(`template ${key} is incomplete: remove ${join(cache, key)} and try again`);
  await pruneTemplates(cache, key, log);
  return template;
}

/** Whatever a killed run left under a name that no template has. */
async function endLeftOver(cache: string, key: string, log: Log): Promise<void> {
  const left = (await readdir(cache)).filter((name) => name.startsWith(`${key}.`) && name.endsWith('.part'));
  for (const name of left) await stopMachine(join(cache, name), log);
}

/** Ends QEMU, which writes the disk's last changes, and leaves only what a template consists of. */
async function keepOnlyTemplate(
  spec: MachineSpec,
  key: string,
  part: string,
  keys: Awaited<ReturnType<MakeReady>>,
  log: Log,
): Promise<void> {
  await endMachine(part, log);
  const kept: readonly string[] = Object.values(templateFiles);
  for (const name of await readdir(part))
    if (!kept.includes(name)) await rm(join(part, name), { recursive: true });
  await writeFile(join(part, templateFiles.privateKey), keys.privateKey, { mode: 0o600 });
  await writeFile(join(part, templateFiles.hostKey), `${keys.hostKey}\n`);
  const { image, accelerator, cpus, memory, disk } = spec;
  const manifest: TemplateManifest = { key, image: image.key, accelerator, cpus, memory, disk };
  await writeFile(join(part, templateFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  // QEMU 7.2 opens a memory file for writing even where it maps it privately, and only root may do that with 0400.
  for (const name of await readdir(part))
    await chmod(join(part, name), name === templateFiles.memory ? 0o600 : 0o400);
}
