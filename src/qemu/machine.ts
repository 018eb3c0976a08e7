import { messageOf } from '../model/message-of.ts';
import { upCommand } from '../model/up-command.ts';
import type { Forwards, MachineSpec } from './arguments.ts';
import { forwardRule, qemuArguments } from './arguments.ts';
import { attach, run } from './command.ts';
import { readConsole } from './console.ts';
import { lastingEnvironment } from './lasting-environment.ts';
import type { Log } from './log.ts';
import { prepareFolder } from './machine-folder.ts';
import { type MachineState, readMachine, writeState } from './machine-state.ts';
import { machinePaths } from './paths.ts';
import { chooseForwards } from './ports.ts';
import { addForward, qmp } from './qmp.ts';
import { type SavedMachine, wake } from './snapshot.ts';

/** Times a start is tried over because another process took a host port in the moment between. */
const portAttempts = 5;
/** Milliseconds */
const monitorDeadline = 5000;
/** A QEMU whose devices take seconds on a busy host; beyond it, it hangs. */
const upDeadline = 60_000;

export interface StartOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Memory, devices and disk that a new machine wakes from instead of booting. */
  readonly from?: SavedMachine;
  /** Makes a machine to be saved: its memory is this file, and it ends when this process does. */
  readonly memoryFile?: string;
}

/**
 * Makes the machine run and returns without waiting for its boot. It may be called on anything: a machine that
 * runs is adopted (ports it lacks are forwarded), one that was killed starts on its own disk, and a folder left
 * half made is completed. CPUs, memory and image of a running machine don't change before its next start.
 *
 * @throws Error with QEMU's own words when it refuses
 */
export async function startMachine(spec: MachineSpec, options: StartOptions): Promise<MachineState> {
  const { log } = options;
  const before = await readMachine(spec.folder);
  if (before?.running) return addMissingForwards(spec, before);
  const from = await prepareFolder(spec, options.from, { log, signal: options.signal });
  let remembered = before?.forwards ?? {};
  for (let attempt = 1; ; attempt++) {
    const forwards = await chooseForwards(spec.ports, remembered);
    await writeState(spec.folder, forwards);
    try {
      await launch(spec, forwards, from, options);
      return await expectRunning(spec);
    } catch (error) {
      if (!isPortConflict(error) || attempt === portAttempts) throw error;
      log(`${spec.name}: a host port is taken by another process, choosing others`);
      remembered = {};
    }
  }
}

/** QEMU forks away once its devices are up (`-daemonize`), so a wrong setting shows here. */
async function launch(
  spec: MachineSpec,
  forwards: Forwards,
  from: SavedMachine | undefined,
  { log, signal, memoryFile }: StartOptions,
): Promise<void> {
  const purpose = `${spec.name}: starting QEMU`;
  const env = lastingEnvironment();
  if (memoryFile !== undefined) {
    const command = qemuArguments(spec, forwards, { file: memoryFile, shared: true });
    const alive = () => isUp(spec.folder);
    return attach(['qemu-system-x86_64', ...command], {
      log,
      purpose,
      alive,
      deadline: upDeadline,
      env,
      signal,
    });
  }
  const memory = from && { file: from.memory, shared: false };
  const incoming = from ? ['-incoming', 'defer'] : [];
  const command = [...qemuArguments(spec, forwards, memory), ...incoming, '-daemonize'];
  await run(['qemu-system-x86_64', ...command], { log, signal, purpose, env, deadline: upDeadline });
  if (from) await wake(machinePaths(spec.folder).qmp, from.devices, log);
}

/** The monitor answers once all devices are up. */
async function isUp(folder: string): Promise<boolean> {
  return qmp(machinePaths(folder).qmp, { execute: 'query-status' }, monitorDeadline).then(
    () => true,
    () => false,
  );
}

async function expectRunning({ name, folder }: MachineSpec): Promise<MachineState> {
  const state = await readMachine(folder);
  if (state?.running) return state;
  const { console } = machinePaths(folder);
  const tail = (await readConsole(console)).slice(-20).join('\n');
  throw new Error(
    `${name}: QEMU ended right after its start; the end of ${console}:\n${tail}\n${upCommand()} starts it again`,
  );
}

async function addMissingForwards(spec: MachineSpec, state: MachineState): Promise<MachineState> {
  const forwards = await chooseForwards(spec.ports, state.forwards);
  for (const [guest, host] of Object.entries(forwards)) {
    if (state.forwards[Number(guest)] !== undefined) continue;
    await addForward(machinePaths(spec.folder).qmp, forwardRule(Number(guest), host), monitorDeadline);
  }
  await writeState(spec.folder, forwards);
  return { ...state, forwards };
}

function isPortConflict(error: unknown): boolean {
  return messageOf(error).includes('Could not set up host forwarding rule');
}
