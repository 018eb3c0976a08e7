import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { heartbeat } from '../model/remind.ts';
import type { Log } from './log.ts';
import { qmp } from './qmp.ts';

/** A machine at rest: what is needed to go on from where it was. Nothing of it is ever written to. */
export interface SavedMachine {
  /** The guest's memory, byte for byte. Machines that wake from it map it and copy what they change. */
  readonly memory: string;
  /** Processors and devices, as QEMU's migration writes them. */
  readonly devices: string;
  /** An overlay over the image's disk. */
  readonly disk: string;
}

/** Milliseconds: one command of the monitor, and the whole transfer of a few hundred kilobytes. */
const monitorDeadline = 5000;
const transferDeadline = 20_000;
const pollInterval = 20;

/**
 * Writes processors and devices to the file and ends in a stopped guest. Its memory has to be a shared file: the
 * capability leaves it out of the stream, since it is on disk already.
 */
export async function save(socket: string, devices: string, log: Log): Promise<void> {
  await leaveMemoryOut(socket);
  await ask(socket, 'migrate', { uri: `exec:cat > ${shellQuote(devices)}` });
  await transferred(socket, { what: 'saving', devices, log });
}

/** QEMU did not wake from what was saved. */
export class WakeFailed extends Error {
  override readonly name = 'WakeFailed';
}

/**
 * The other direction, in a QEMU that waits for it (`-incoming defer`). The guest runs when this returns.
 *
 * @throws WakeFailed, most often because QEMU ends over a file that is damaged
 */
export async function wake(socket: string, devices: string, log: Log): Promise<void> {
  try {
    await leaveMemoryOut(socket);
    await ask(socket, 'migrate-incoming', { uri: `exec:cat ${shellQuote(devices)}` });
    await transferred(socket, { what: 'waking', devices, log });
  } catch (cause) {
    throw new WakeFailed(`QEMU does not wake from ${devices}: ${messageOf(cause)}`, { cause });
  }
}

async function leaveMemoryOut(socket: string): Promise<void> {
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  await ask(socket, 'migrate-set-capabilities', { capabilities });
}

interface Transfer {
  readonly what: 'saving' | 'waking';
  readonly devices: string;
  readonly log: Log;
}

async function transferred(socket: string, { what, devices, log }: Transfer): Promise<void> {
  let last = '';
  const progress = heartbeat(log, () => `${what} a machine; QEMU says ${JSON.stringify(last)}`);
  try {
    for (const end = Date.now() + transferDeadline; Date.now() < end; await sleep(pollInterval)) {
      const answer = await ask(socket, 'query-migrate', {});
      const { status, desc } = { status: '', desc: '', ...(answer ?? {}) };
      if (status === 'completed') return;
      if (status === 'failed' || status === 'cancelled')
        throw new Error(`${what} the machine at ${socket} ${status}: ${desc || 'QEMU does not say why'}`);
      last = status;
    }
  } finally {
    progress.stop();
  }
  throw new Error(
    `${what} the machine at ${socket} took longer than ${transferDeadline / 1000} s, QEMU says ${JSON.stringify(last)}: is the disk of ${dirname(devices)} slow or full?`,
  );
}

async function ask(
  socket: string,
  execute: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  return qmp(socket, { execute, arguments: parameters }, monitorDeadline);
}

/** QEMU hands what follows `exec:` to the shell. */
function shellQuote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
