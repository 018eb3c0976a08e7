import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stackFolder } from '../../qemu/home.ts';
import { machineFolder } from '../../qemu/paths.ts';

/** Beside the machine's other files, so that it goes with the machine. */
export function hostKeyRecord(stack: string, machine: string): string {
  return join(machineFolder(stackFolder(stack), machine), 'host-key.pub');
}

/** The lasting host key that the machine was to switch to, or did; undefined before first contact. */
export async function recordedHostKey(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Durably: after a switch to a key that nobody knows, nobody could recognise the machine. */
export async function recordHostKey(file: string, key: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, key, { flush: true });
  await rename(`${file}.part`, file);
}
