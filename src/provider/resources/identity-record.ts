import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { stackFolder } from '../../model/home.ts';
import type { RecordedIdentity } from '../../ssh/first-contact.ts';
import { removeFromStackFolder } from '../stack-folder.ts';

/** Whose identity is recorded. A machine that takes another's place has its name, but not its one-time host key. */
export interface Recorded {
  readonly stack: string;
  readonly machine: string;
  readonly oneTimeHostKey: string;
}

const folder = 'identities';

const record = z.object({
  oneTimeHostKey: z.string(),
  hostKey: z.string(),
  machineId: z.string().optional(),
});

const fileOf = ({ stack, machine }: Recorded) => join(stackFolder(stack), folder, `${machine}.json`);

/** What the machine was to be known by, or is; undefined before first contact. */
export async function recordedIdentity(of: Recorded): Promise<RecordedIdentity | undefined> {
  const text = await readFile(fileOf(of), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { oneTimeHostKey, ...identity } = record.parse(JSON.parse(text));
  return oneTimeHostKey === of.oneTimeHostKey ? identity : undefined;
}

/** Durably: after a switch to a key that nobody knows, nobody could recognise the machine. */
export async function recordIdentity(of: Recorded, identity: RecordedIdentity): Promise<void> {
  const file = fileOf(of);
  const { oneTimeHostKey } = of;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, JSON.stringify({ oneTimeHostKey, ...identity }), { flush: true });
  await rename(`${file}.part`, file);
}

/** For when the stack goes: a first contact that was cut off has left a record that no state knows of. */
export async function forgetIdentities(stack: string): Promise<void> {
  await removeFromStackFolder(stack, folder);
}
