import { readFile } from 'node:fs/promises';
import { parseJson } from '../model/parse-json.ts';
import type { Forwards } from './arguments.ts';
import { machinePaths } from './paths.ts';
import { guestSshPort } from './ports.ts';
import { findProcess } from './process.ts';
import { replaceFile } from './replace-file.ts';

/** A machine that exists on disk. */
export interface MachineState {
  readonly running: boolean;
  /** Present while it runs. */
  readonly pid?: number;
  /** Host port on 127.0.0.1 that leads to the guest's sshd. */
  readonly sshPort: number;
  readonly forwards: Forwards;
}

/** undefined when there is no such machine. */
export async function readMachine(folder: string): Promise<MachineState | undefined> {
  const paths = machinePaths(folder);
  const text = await readFile(paths.state, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const forwards = parseForwards(text);
  const sshPort = forwards[guestSshPort];
  if (sshPort === undefined) return undefined;
  const pid = await findProcess(paths.pid);
  return { running: pid !== undefined, ...(pid !== undefined && { pid }), sshPort, forwards };
}

export async function writeState(folder: string, forwards: Forwards): Promise<void> {
  await replaceFile(machinePaths(folder).state, `${JSON.stringify({ forwards }, null, 2)}\n`);
}

/** The forwards of a machine.json; none when it isn't one. */
export function parseForwards(text: string): Forwards {
  const state = parseJson(text);
  if (typeof state !== 'object' || state === null || !('forwards' in state)) return {};
  const pairs = Object.entries(state.forwards ?? {}).map(
    ([guest, host]) => [Number(guest), Number(host)] as const,
  );
  return Object.fromEntries(pairs.filter(([guest, host]) => guest > 0 && host > 0));
}
