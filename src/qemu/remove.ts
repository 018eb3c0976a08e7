import { readFile, realpath, rm } from 'node:fs/promises';

/**
 * A killed build's last processes may write for a moment more. Node waits `retryDelay` milliseconds longer before each
 * try than before the last: 21 s at most.
 */
const patience = { maxRetries: 20, retryDelay: 100 };

/**
 * Removes a folder and all in it, unless something is mounted below: a chroot that was left half way can hold the
 * host's own /dev/shm, and removing files there would remove the host's.
 *
 * @throws Error that names the mounts
 */
export async function removeFolder(folder: string): Promise<void> {
  const real = await realpath(folder).catch(() => folder);
  const mounts = mountsBelow(real, await readFile('/proc/self/mountinfo', 'utf8'));
  if (mounts.length > 0) {
    throw new Error(
      `${folder} is kept, for there are mounts in it: run umount ${mounts.join(' ')}, then try again`,
    );
  }
  await rm(folder, { recursive: true, force: true, ...patience });
}

/** Mount points at or below the folder, innermost first. The fifth field of a line is the mount point (proc(5)). */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  const points = mountinfo.split('\n').map((line) => decode(line.split(' ')[4] ?? ''));
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).reverse();
}

/** Blanks and backslashes are written as three octal digits. */
function decode(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
