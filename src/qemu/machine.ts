import { chmod, constants, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { messageOf } from '../model/message-of.ts';
import { parseJson } from '../model/parse-json.ts';
import type { Forwards, MachineSpec } from './arguments.ts';
import { forwardRule, qemuArguments } from './arguments.ts';
import { attach, run } from './command.ts';
import { readConsole } from './console.ts';
import { exists } from './exists.ts';
import { lastingEnvironment } from './lasting-environment.ts';
import type { Log } from './log.ts';
import { machinePaths } from './paths.ts';
import { chooseForwards, guestSshPort } from './ports.ts';
import { findProcess, signalProcess, waitForExit } from './process.ts';
import { addForward, qmp } from './qmp.ts';
import { replaceFile } from './replace-file.ts';
import { type SavedMachine, wake } from './snapshot.ts';

/** Times a start is tried over because another process took a host port in the moment between. */
const portAttempts = 5;
/** Milliseconds: QEMU to take notice of `quit`, then to die of SIGKILL; together well below 10 s. */
const quitDeadline = 2000;
const killDeadline = 5000;
const monitorDeadline = 5000;
/** A QEMU whose devices take seconds on a busy host; beyond it, it hangs. */
const upDeadline = 60_000;

/** A machine that exists on disk. */
export interface MachineState {
  readonly running: boolean;
  /** Present while it runs. */
  readonly pid?: number;
  /** Host port on 127.0.0.1 that leads to the guest's sshd. */
  readonly sshPort: number;
  readonly forwards: Forwards;
}

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
  const prepared = await prepareFolder(spec, options);
  let remembered = before?.forwards ?? {};
  for (let attempt = 1; ; attempt++) {
    const forwards = await chooseForwards(spec.ports, remembered);
    await writeState(spec.folder, forwards);
    try {
      await launch(spec, forwards, prepared);
      return await expectRunning(spec.folder);
    } catch (error) {
      if (!isPortConflict(error) || attempt === portAttempts) throw error;
      log(`${spec.name}: a host port is taken by another process, choosing others`);
      remembered = {};
    }
  }
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

/**
 * Ends the machine and removes its folder, in 10 s at most even when QEMU hangs or is stopped. Does nothing
 * when there is no such machine.
 *
 * @throws Error when the process outlives SIGKILL; then its folder stays
 */
export async function stopMachine(folder: string, log: Log): Promise<void> {
  await endMachine(folder, log);
  await rm(folder, { recursive: true, force: true });
}

/** The same, but leaves the folder. QEMU writes what the disk still lacks before it ends. */
export async function endMachine(folder: string, log: Log): Promise<void> {
  const pid = await findProcess(machinePaths(folder).pid);
  if (pid === undefined || (await endProcess(folder, pid, log))) return;
  throw new Error(`QEMU (pid ${pid}) outlived SIGKILL, so ${folder} is kept: see /proc/${pid}/stack`);
}

async function endProcess(folder: string, pid: number, log: Log): Promise<boolean> {
  const paths = machinePaths(folder);
  try {
    await qmp(paths.qmp, { execute: 'quit' }, quitDeadline);
    if (await waitForExit(pid, paths.pid, quitDeadline)) return true;
  } catch (error) {
    log(`${messageOf(error)}; killing it`);
  }
  await signalProcess(pid, paths.pid, 'SIGKILL');
  return waitForExit(pid, paths.pid, killDeadline);
}

/**
 * The disk appears under its name only when it is complete; the seed is written anew each time.
 *
 * @returns the options that hold for this start: saved memory fits only a disk that has not run on
 */
async function prepareFolder(spec: MachineSpec, options: StartOptions): Promise<StartOptions> {
  const paths = machinePaths(spec.folder);
  await mkdir(paths.seed, { recursive: true, mode: 0o700 });
  const seed = {
    'user-data': spec.seed.userData,
    'meta-data': spec.seed.metaData,
    'network-config': spec.seed.networkConfig,
  };
  for (const [name, text] of Object.entries(seed))
    await writeFile(`${paths.seed}/${name}`, text, { mode: 0o600 });
  // QEMU makes them anew, but would not start over a file it may not replace.
  await Promise.all([paths.qmp, paths.lan].map((socket) => rm(socket, { force: true })));
  const { from, ...others } = options;
  if (await exists(paths.disk)) return others;
  if (from) await copyDisk(from.disk, paths.disk);
  else await createDisk(spec, paths.disk);
  return options;
}

async function createDisk(spec: MachineSpec, file: string): Promise<void> {
  const part = `${file}.part`;
  const { disk } = spec.image;
  await run(
    ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', disk.format, '-b', disk.file, part, `${spec.disk}G`],
    {
      log: () => {},
      purpose: `${spec.name}: creating its disk`,
    },
  );
  await rename(part, file);
}

/** A copy, not an overlay: the template may be pruned while its machines live. */
async function copyDisk(from: string, file: string): Promise<void> {
  const part = `${file}.part`;
  await copyFile(from, part, constants.COPYFILE_FICLONE);
  await chmod(part, 0o600);
  await rename(part, file);
}

/** QEMU forks away once its devices are up (`-daemonize`), so a wrong setting shows here. */
async function launch(spec: MachineSpec, forwards: Forwards, options: StartOptions): Promise<void> {
  const { log, signal, from, memoryFile } = options;
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
  await run(['qemu-system-x86_64', ...command], { log, signal, purpose, env });
  if (from) await wake(machinePaths(spec.folder).qmp, from.devices);
}

/** The monitor answers once all devices are up. */
async function isUp(folder: string): Promise<boolean> {
  return qmp(machinePaths(folder).qmp, { execute: 'query-status' }, monitorDeadline).then(
    () => true,
    () => false,
  );
}

async function expectRunning(folder: string): Promise<MachineState> {
  const state = await readMachine(folder);
  if (state?.running) return state;
  const tail = (await readConsole(machinePaths(folder).console)).slice(-20).join('\n');
  throw new Error(`QEMU of ${folder} ended right after its start\n${tail}`);
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

async function writeState(folder: string, forwards: Forwards): Promise<void> {
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
