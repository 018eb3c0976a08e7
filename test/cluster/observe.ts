import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { messageOf } from '../../src/model/message-of.ts';
import type { Stack } from './stack.ts';

/** What the tests and the benchmark look at from outside, as an operator would. */

/** Runs a command on the machine and gives what it says on its standard output. */
export async function onMachine(stack: Stack, machine: string, command: readonly string[]): Promise<string> {
  const { status, output, stdout } = await stack.look(['ssh', machine, '--', ...command]);
  if (status !== 0) throw new Error(`${command.join(' ')} on ${machine} ended with ${status}: ${output}`);
  return stdout.trim();
}

/**
 * What stays the same for as long as the machine is the same and runs on: machines that woke from one template share
 * the kernel's boot id, so the machine's own id goes with it.
 */
export function bootIds(stack: Stack, machines: readonly string[]): Promise<string[]> {
  const files = ['/etc/machine-id', '/proc/sys/kernel/random/boot_id'];
  return Promise.all(machines.map((name) => onMachine(stack, name, ['cat', ...files])));
}

const rowsSchema = z.array(
  z.object({
    unit: z.string(),
    machine: z.object({ name: z.string().nullable() }).nullable(),
    active: z.string().nullable(),
    note: z.string().nullable(),
  }),
);

/** Unit → the machines on which it is active. */
export async function placements(stack: Stack): Promise<Record<string, string[]>> {
  const { status, output, stdout } = await stack.look(['list-units', '--json']);
  if (status !== 0) throw new Error(`list-units ended with ${status}: ${output}`);
  const placed: Record<string, string[]> = {};
  for (const { unit, machine, active } of rowsSchema.parse(JSON.parse(stdout)))
    if (active === 'active') placed[unit] = [...(placed[unit] ?? []), machine?.name ?? 'unknown'];
  return placed;
}

export async function placement(stack: Stack, unit: string): Promise<string> {
  const [machine] = (await placements(stack))[unit] ?? [];
  if (!machine) throw new Error(`${unit} is active nowhere`);
  return machine;
}

/** Unit → the moment systemd started it, on its machine. */
export async function starts(stack: Stack, units: readonly string[]): Promise<Record<string, string>> {
  const placed = await placements(stack);
  const entries = units.map(async (unit) => {
    const show = ['systemctl', 'show', '--value', '--property=InvocationID', unit];
    return [unit, await onMachine(stack, placed[unit]?.[0] ?? 'nowhere', show)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

export function pidOf(stack: Stack, machine: string): number {
  return Number(readFileSync(join(stack.machines, machine, 'pid'), 'utf8'));
}

/**
 * Seconds after which what has to come by itself has not come. On however slow a computer: how long it takes is for the
 * benchmarks to say.
 */
export const givenUp = 300;

/**
 * Waits for something that may be so at any moment; an error counts as not yet, and the last one is told at the end.
 * `pause`: milliseconds between looks.
 */
export async function until(seconds: number, condition: () => Promise<boolean>, pause = 1000): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const problem = await condition().then((isSo) => (isSo ? undefined : `${condition}`), messageOf);
    if (problem === undefined) return;
    if (performance.now() > end) throw new Error(`still not so after ${seconds} s: ${problem}`);
    await sleep(pause);
  }
}

/** Processes that still name the copy, and whatever its stacks left on disk. */
export function leftovers(stack: Stack): string[] {
  const files = list(join(stack.clone, '.flotilla', 'stacks'));
  return [...files, ...processesOf(stack)];
}

function processesOf({ clone }: Stack): string[] {
  return list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .map((pid) => `${pid} ${commandLine(pid)}`)
    .filter((line) => line.includes(`${clone}/`));
}

/**
 * Kills the Pulumi engine below the given process, and nothing else: that is what a user's `kill -9`, or a
 * machine that runs out of memory, does. False when there is none.
 */
export function killEngine(root: number): boolean {
  const engine = descendants(root).find((pid) => /(^|\/)pulumi (up|destroy|refresh) /.test(commandLine(pid)));
  if (!engine) return false;
  process.kill(Number(engine), 'SIGKILL');
  return true;
}

function descendants(root: number): string[] {
  const children = list('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === root);
  return children.flatMap((pid) => [pid, ...descendants(Number(pid))]);
}

/** proc_pid_stat(5): the name in brackets may hold anything, so the fields are counted from its end. */
function parentOf(pid: string): number {
  return Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1]);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function commandLine(pid: string): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
