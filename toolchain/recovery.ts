import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { confirmation } from './arguments.ts';
import { backendFolder } from './environment.ts';
import { readIfPresent } from './files.ts';
import { CLONE, preparePulumi } from './launcher.ts';
import { type Host, type Lock, parseLock, planRecovery, type Recovery } from './lock.ts';
import { planSettlement } from './pending.ts';
import { PulumiFailed, runPulumi, say } from './run-pulumi.ts';
import { shortName } from './short-name.ts';
import { readState } from './stack.ts';

const Project = z.object({ name: z.string() });
const UNATTENDED = confirmation(false);

/**
 * Puts right what a killed run left behind, and says so. A lock is cleared when its owner is dead; operations that
 * were cut off are settled as pending.ts has it.
 *
 * Only for file backends, where locks can be seen. Others have their own keepers, and pulumi tells what to do.
 *
 * @throws Error when another run is at work, or has left what only the user can settle.
 */
export async function recover(stack: string, { adopt }: { readonly adopt: boolean }): Promise<void> {
  const recovery = plannedRecovery(stack);
  if (recovery === undefined) return;
  if (recovery.step === 'refuse') throw new Error(recovery.reason);
  if (recovery.step === 'unlock') {
    say(`unlocking stack ${stack}: ${recovery.reason}`);
    await runPulumi('cancel', '--yes', '--stack', stack);
  }
  const settlement = planSettlement(stack, (await readState(stack)).pending, { adopt });
  if (settlement.step === 'none') return;
  if (settlement.step === 'refuse') throw new Error(settlement.reason);
  say(settlement.reason);
  if (settlement.adopt.length > 0) await adoptCreates(stack, settlement.adopt);
  await runPulumi('refresh', '--clear-pending-creates', '--skip-preview', '--stack', stack, ...UNATTENDED);
}

/**
 * Runs pulumi for the stack. Of two runs that begin at the same moment one finds the stack locked only now, and
 * pulumi's own message would have the other's lock deleted; so it is told what is right.
 *
 * @throws PulumiFailed
 */
export async function runOnStack(stack: string, command: string, ...args: readonly string[]): Promise<void> {
  try {
    await runPulumi(command, '--stack', stack, ...args);
  } catch (error) {
    const recovery = plannedRecovery(stack);
    if (recovery?.step === 'refuse') say(recovery.reason);
    throw error;
  }
}

/** Ends the creates that were cut off, and nothing else, so that the state knows what they made. */
async function adoptCreates(stack: string, urns: readonly string[]): Promise<void> {
  const targets = urns.map((urn) => `--target=${urn}`);
  try {
    await runPulumi('up', '--skip-preview', '--stack', stack, ...targets, ...UNATTENDED);
  } catch (error) {
    if (!(error instanceof PulumiFailed)) throw error;
    say(
      `going on, though this has failed; should any of these be left at the end, remove it by hand: ${urns}`,
    );
  }
}

function plannedRecovery(stack: string): Recovery | undefined {
  const folder = backendFolder(preparePulumi([]).backend, CLONE);
  return folder === undefined ? undefined : planRecovery(stack, readLocks(folder, stack), thisHost());
}

function readLocks(backend: string, stack: string): readonly Lock[] {
  const folder = join(backend, '.pulumi', 'locks', 'organization', projectName(), shortName(stack));
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return []; // No run has locked this stack yet.
  }
  return names.flatMap((name) => parseLock(readIfPresent(join(folder, name)) ?? '') ?? []);
}

function projectName(): string {
  return Project.parse(parse(readFileSync(join(CLONE, 'Pulumi.yaml'), 'utf8'))).name;
}

function thisHost(): Host {
  return {
    hostname: hostname(),
    isPulumi: (pid) => processExists(pid) && commandOf(pid).includes('pulumi'),
  };
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Where /proc does not tell, the process passes for pulumi: refusing is the safe side. */
function commandOf(pid: number): string {
  return readIfPresent(`/proc/${pid}/comm`) ?? 'pulumi';
}
