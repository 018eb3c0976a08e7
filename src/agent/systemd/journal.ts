import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';

/** Milliseconds for journalctl, which takes an emulated machine seconds. */
const patience = 30_000;

/** Characters of a line that are told: journald takes lines of 48 KiB, and ten of them go into etcd with each failure. */
const maxLine = 1000;

/** The last lines of one run of a unit, by its invocation id: what it said, and what systemd said about it. */
export async function readJournal(invocation: string, lines: number): Promise<readonly string[]> {
  const matches = [`_SYSTEMD_INVOCATION_ID=${invocation}`, '+', `INVOCATION_ID=${invocation}`];
  const argv = ['--no-pager', '--quiet', '--output=cat', `--lines=${lines}`, ...matches];
  return linesOf(await journalctl(argv));
}

export function linesOf(said: string): string[] {
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.length > maxLine ? `${line.slice(0, maxLine)}…` : line));
}

/** systemd's messages that it starts a unit, has started it, and could not (sd-messages(3)). */
const startMessages = [
  '7d4958e842da4a758f6c1cdc7b36dcc5',
  '39f53479d3a045ac8e11786248231fbf',
  'be02cf6855d2428ba40df7e9d022f03d',
];

const entry = z.object({ __MONOTONIC_TIMESTAMP: z.string() });

/** Whether systemd has started the unit since then, by its own words; in microseconds of the monotonic clock. */
export async function wasStartedSince(unit: string, since: number): Promise<boolean> {
  const matches = [`UNIT=${unit}`, '_PID=1', ...startMessages.map((id) => `MESSAGE_ID=${id}`)];
  const argv = ['--quiet', '--boot', '--lines=1', '--output=json', '--output-fields=MESSAGE_ID', ...matches];
  // What systemd has said may still be on its way.
  await journalctl(['--sync']);
  return lastEntry(await journalctl(argv)) >= since;
}

/** Of what `journalctl --output=json` writes; minus infinity for nothing. */
export function lastEntry(said: string): number {
  const line = said.trim().split('\n').at(-1);
  return line ? Number(entry.parse(JSON.parse(line)).__MONOTONIC_TIMESTAMP) : Number.NEGATIVE_INFINITY;
}

async function journalctl(argv: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('journalctl', argv, { timeout: patience }).catch(explain);
  return stdout;
}

/** execFile says of a program that it has ended for taking too long no more than that it failed. */
export function explain(error: Error & { readonly killed?: boolean }): never {
  if (!error.killed) throw error;
  throw new Error(`journalctl gave no answer in ${patience / 1000} s`, { cause: error });
}
