import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stackFolder } from '../../qemu/home.ts';
import { machineFolder } from '../../qemu/paths.ts';
import type { RecordedIdentity } from '../../ssh/first-contact.ts';

/** Beside the machine's other files, so that it goes with the machine. */
export function identityRecord(stack: string, machine: string): string {
  return join(machineFolder(stackFolder(stack), machine), 'identity.json');
}

/** What the machine was to be known by, or is; undefined before first contact. */
export async function recordedIdentity(file: string): Promise<RecordedIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : record.parse(JSON.parse(text));
}

/** Durably: after a switch to a key that nobody knows, nobody could recognise the machine. */
export async function recordIdentity(file: string, identity: RecordedIdentity): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, JSON.stringify(identity), { flush: true });
  await rename(`${file}.part`, file);
}

const record = z.object({ hostKey: z.string(), machineId: z.string().optional() });
