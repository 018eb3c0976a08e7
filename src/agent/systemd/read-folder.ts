import { readdir } from 'node:fs/promises';

/** Names in a folder; none while there is no such folder, or a file in its place. */
export async function readFolder(path: string): Promise<string[]> {
  return readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
