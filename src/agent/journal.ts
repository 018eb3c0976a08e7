import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Milliseconds for journalctl, which takes an emulated machine seconds. */
const patience = 30_000;

/** Characters of a line that are told: journald takes lines of 48 KiB, and ten of them go into etcd with each failure. */
const maxLine = 1000;

/** The last lines of one run of a unit, by its invocation id: what it said, and what systemd said about it. */
export async function readJournal(invocation: string, lines: number): Promise<readonly string[]> {
  const matches = [`_SYSTEMD_INVOCATION_ID=${invocation}`, '+', `INVOCATION_ID=${invocation}`];
  const argv = ['--no-pager', '--quiet', '--output=cat', `--lines=${lines}`, ...matches];
  const { stdout } = await promisify(execFile)('journalctl', argv, { timeout: patience });
  return linesOf(stdout);
}

export function linesOf(said: string): string[] {
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.length > maxLine ? `${line.slice(0, maxLine)}…` : line));
}
