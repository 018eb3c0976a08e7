import { rename, rm } from 'node:fs/promises';

/** By rename, so that nobody ever reads half a file. Its hidden name keeps the draft out of lists. */
export async function replaceFile(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = path.replace(/[^/]*$/, '.$&');
  await rm(draft, { force: true });
  await make(draft);
  await rename(draft, path);
}
