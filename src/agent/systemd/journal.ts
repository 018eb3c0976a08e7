import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';

/** Milliseconds for journalctl, which takes an emulated machine seconds. */
const patience = 30_000;

/** Bytes of an answer: ten messages of 48 KiB, four characters for each byte where they are no UTF-8. */
const maxBuffer = 4 * 1024 * 1024;

/** Characters of a line that are told: journald takes lines of 48 KiB, and ten of them go into etcd with each failure. */
const maxLine = 1000;

/** One run of a unit. */
export interface Run {
  readonly unit: string;
  /** systemd's id of it (systemd.exec(5), `$INVOCATION_ID`). */
  readonly invocation: string;
  /** When the unit left the state inactive for it, in microseconds of the monotonic clock. */
  readonly since: number;
}

/** The last lines of one run of a unit: what it said, and what systemd said about it. */
export async function readJournal(run: Run, lines: number): Promise<readonly string[]> {
  const fields = '--output-fields=MESSAGE,_SYSTEMD_INVOCATION_ID,INVOCATION_ID';
  const matches = [`_SYSTEMD_UNIT=${run.unit}`, '+', `UNIT=${run.unit}`, '_PID=1'];
  // Without --all a message of more than 4096 bytes is null.
  const argv = ['--quiet', '--boot', '--all', `--lines=${lines}`, '--output=json', fields, ...matches];
  return linesOf(run, await said(argv));
}

const message = z.object({
  __MONOTONIC_TIMESTAMP: z.string(),
  /** Bytes when it is no UTF-8; null when it is empty. */
  MESSAGE: z
    .union([z.string(), z.array(z.number()).transform((bytes) => Buffer.from(bytes).toString())])
    .nullish(),
  _SYSTEMD_INVOCATION_ID: z.string().optional(),
  INVOCATION_ID: z.string().optional(),
});

/** Of what `journalctl --output=json` writes, what the run said. */
export function linesOf(run: Run, output: string): string[] {
  const entries = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => message.parse(JSON.parse(line)));
  const messages = entries
    .filter((entry) => isOf(run, entry))
    .flatMap(({ MESSAGE }) => MESSAGE?.split('\n') ?? []);
  const lines = messages.filter((line) => line !== '');
  return lines.map((line) => (line.length > maxLine ? `${line.slice(0, maxLine)}…` : line));
}

/** When journald gets to a line only after its process has ended, nothing says any more which run it was of. */
function isOf({ invocation, since }: Run, entry: z.output<typeof message>): boolean {
  // PID 1 has an invocation of its own where it is systemd's that starts it; what it says of a unit has the unit's.
  const id = entry.INVOCATION_ID ?? entry._SYSTEMD_INVOCATION_ID;
  return id === undefined ? Number(entry.__MONOTONIC_TIMESTAMP) >= since : id === invocation;
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
  return lastEntry(await said(argv)) >= since;
}

/** Of what `journalctl --output=json` writes; minus infinity for nothing. */
export function lastEntry(output: string): number {
  const line = output.trim().split('\n').at(-1);
  return line ? Number(entry.parse(JSON.parse(line)).__MONOTONIC_TIMESTAMP) : Number.NEGATIVE_INFINITY;
}

/** What the journal has, with all that was said until now: journald may not have got to it. */
async function said(argv: readonly string[]): Promise<string> {
  await journalctl(['--sync']);
  return journalctl(argv);
}

async function journalctl(argv: readonly string[]): Promise<string> {
  const options = { timeout: patience, maxBuffer };
  const { stdout } = await promisify(execFile)('journalctl', argv, options).catch(explain);
  return stdout;
}

/** execFile says of a program that it has ended for taking too long no more than that it failed. */
export function explain(error: Error & { readonly killed?: boolean }): never {
  if (!error.killed) throw error;
  throw new Error(`journalctl gave no answer in ${patience / 1000} s`, { cause: error });
}
