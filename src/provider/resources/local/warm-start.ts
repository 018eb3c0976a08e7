import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adminUser } from '../../../../cloud-config/build.ts';
import { liveSteps } from '../../../../cloud-config/live-steps.ts';
import { messageOf } from '../../../model/message-of.ts';
import type { MachineSpec } from '../../../qemu/arguments.ts';
import { clockChipLag, readClockChip } from '../../../qemu/clock-chip.ts';
import { exists } from '../../../qemu/exists.ts';
import { startMachine } from '../../../qemu/machine.ts';
import { machinePaths } from '../../../qemu/paths.ts';
import { WakeFailed } from '../../../qemu/snapshot.ts';
import { stopMachine } from '../../../qemu/stop-machine.ts';
import { discardTemplate, type Template } from '../../../qemu/template.ts';
import { commandFailure } from '../../../ssh/command-failure.ts';
import { connect } from '../../../ssh/connect.ts';
import type { Command, Connection } from '../../../ssh/connection.ts';
import { type MachineIdentity, parseIdentity } from '../../../ssh/first-contact.ts';
import type { Context } from '../../resource.ts';
import { becomeCommand, halfSecond, type LifeFacts } from './become.ts';
import { templateFor, type Wanted } from './template.ts';

/** Seconds until a machine that woke must answer. A healthy one takes two or three. */
const connectDeadline = 60;

/** While this file is there, the machine is nobody yet, and whoever finds it begins again. */
const unfinished = (folder: string) => join(folder, 'unfinished');

/**
 * Starts a new machine from the memory of a template and gives it its identity, as cloud-init would have done.
 *
 * @param record is given its lasting host key and id, to be stored before anybody may meet the machine
 * @throws Error with the reason when that can't be done; nothing is left of the attempt then, unless it was cancelled.
 */
export async function warmStart(
  spec: MachineSpec,
  wanted: Wanted & LifeFacts,
  record: (identity: MachineIdentity) => Promise<void>,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  const { template, config: templateConfig } = await templateFor(spec, wanted, { log, signal });
  const change = liveSteps(templateConfig, wanted.config);
  if ('refused' in change) throw new Error(`it can't be made of a template: ${change.refused.join(', ')}`);
  // A create that was cut off before the machine existed may have left a disk that fits no memory.
  await stopMachine(spec.folder, log);
  try {
    await mkdir(spec.folder, { recursive: true, mode: 0o700 });
    await writeFile(unfinished(spec.folder), '');
    const { connection, chipLag } = await wakeAndMeet(spec, template, { log, signal });
    log('it is awake; giving it its identity');
    const become = becomeCommand(change.steps, wanted, chipLag);
    await record(await giveIdentity(connection, become, signal).finally(() => connection.close()));
    await rm(unfinished(spec.folder));
  } catch (error) {
    // Whoever cancels doesn't wait for long, and the next run may have begun: it finds the file.
    if (!signal.aborted) await stopMachine(spec.folder, log);
    throw error;
  }
}

/** A connection to the machine, which is the template still, by the keys of that, and the lag of its clock chip. */
async function wakeAndMeet(
  spec: MachineSpec,
  template: Template,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<{ connection: Connection; chipLag: number }> {
  const { key, privateKey, hostKey } = template;
  log(`waking from template ${key}`);
  const { sshPort } = await startMachine(spec, { log, signal, from: template }).catch((error: unknown) => {
    if (error instanceof WakeFailed) return discardBroken(template, error, signal);
    throw error;
  });
  const target = { name: spec.name, host: '127.0.0.1', port: sshPort, user: adminUser, privateKey, hostKey };
  const connecting = connect(target, { deadline: connectDeadline, log, signal }).catch((error: unknown) =>
    discardBroken(template, error, signal),
  );
  const { qmp } = machinePaths(spec.folder);
  const measuring = clockChipLag(() => readClockChip(qmp)).catch((error: unknown) => {
    log(`its clock may be off by a second: ${messageOf(error)}`);
    return halfSecond;
  });
  const [connection, chipLag] = await Promise.all([connecting, measuring]);
  return { connection, chipLag };
}

async function giveIdentity(
  connection: Connection,
  become: Command,
  signal: AbortSignal,
): Promise<MachineIdentity> {
  const result = await connection.exec(become, signal);
  if (result.status !== 0) throw new Error(commandFailure(become, connection.target.name, result));
  return parseIdentity(connection.target.name, result.stdout);
}

/** What nothing wakes from would cost every start its time: the next one shall make another. */
async function discardBroken(template: Template, cause: unknown, signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  const removal = await discardTemplate(template).then(
    () => 'was removed',
    (error: unknown) => `can't be removed (${messageOf(error)})`,
  );
  throw new Error(`template ${template.key} is broken and ${removal}: ${messageOf(cause)}`, { cause });
}

/** Ends and removes a machine whose start was cut off before it was somebody. */
export async function discardUnfinished(folder: string, log: Context['log']): Promise<void> {
  if (!(await isUnfinished(folder))) return;
  log('its start was cut off; beginning again');
  await stopMachine(folder, log);
}

/** Whether it is nobody yet. */
export async function isUnfinished(folder: string): Promise<boolean> {
  return exists(unfinished(folder));
}
