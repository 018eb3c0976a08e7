import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { types } from 'node:util';
import type { FileState } from '../template/sync-plan.ts';
import type { CommandEnd, Host, Ownership } from './host.ts';
import { runCommand } from './run-command.ts';

/** The machine that this process runs on. */
export class LocalHost implements Host {
  async read(path: string): Promise<FileState | undefined> {
    try {
      const { mode, uid, gid } = await stat(path);
      return { contents: await readFile(path, 'utf8'), mode: mode & 0o7777, uid, gid };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async resolve({ owner, group }: Ownership): Promise<{ uid: number; gid: number }> {
    const [uid, gid] = await Promise.all([
      numberOf(owner, '/etc/passwd', process.geteuid?.() ?? 0),
      numberOf(group, '/etc/group', process.getegid?.() ?? 0),
    ]);
    return { uid, gid };
  }

  async stage(dest: string, { contents, mode, uid, gid }: FileState): Promise<string> {
    const staged = join(dirname(dest), `.${basename(dest)}.${randomBytes(6).toString('hex')}`);
    // Nobody else may read it before it has its owner: secrets are rendered, too.
    const handle = await open(staged, 'wx', 0o600).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      throw new Error(`there is no folder ${dirname(dest)}; make it first, for example with tmpfiles.d(5)`);
    });
    try {
      await handle.writeFile(contents);
      await handle.chown(uid, gid);
      await handle.chmod(mode);
      await handle.sync();
      return staged;
    } catch (error) {
      // On a full disk, or for an owner that may not be given, each try would leave one more.
      await this.discard(staged);
      throw error;
    } finally {
      await handle.close();
    }
  }

  async replace(staged: string, dest: string): Promise<void> {
    try {
      await rename(staged, dest);
    } catch (error) {
      // A file that is mounted into a container keeps its inode.
      if (codeOf(error) !== 'EBUSY') throw error;
      await this.#writeInto(staged, dest);
    }
  }

  async #writeInto(staged: string, dest: string): Promise<void> {
    const { mode, uid, gid } = await stat(staged);
    const handle = await open(dest, 'r+');
    try {
      const contents = await readFile(staged);
      // All of it or an error, also on a disk that gets full: `write` may stop in between.
      await handle.writeFile(contents);
      await handle.truncate(contents.length);
      await handle.chown(uid, gid);
      await handle.chmod(mode & 0o7777);
    } finally {
      await handle.close();
    }
    await this.discard(staged);
  }

  async discard(staged: string): Promise<void> {
    await rm(staged, { force: true });
  }

  run(command: string, timeout: number): Promise<CommandEnd> {
    return runCommand(command, timeout);
  }
}

/** Of passwd(5) or group(5). */
async function numberOf(name: string | number | undefined, file: string, own: number): Promise<number> {
  if (typeof name !== 'string') return name ?? own;
  const line = (await readFile(file, 'utf8')).split('\n').find((each) => each.startsWith(`${name}:`));
  const number = line?.split(':')[2];
  if (number !== undefined) return Number(number);
  throw new Error(`there is no ${file === '/etc/passwd' ? 'user' : 'group'} ${name} on this machine`);
}

function codeOf(error: unknown): unknown {
  return types.isNativeError(error) && 'code' in error ? error.code : undefined;
}
