import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { sourceFile } from '../model/own-files.ts';
import type { Publication } from '../model/publication.ts';
import { heartbeat } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import type { ControlRequest, NetworkStatus } from './control.ts';
import { askControl } from './control.ts';
import { lastingEnvironment } from './lasting-environment.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';
import { networkPaths } from './paths.ts';
import { findProcess, signalProcess, waitForExit } from './process.ts';
import { replaceFile } from './replace-file.ts';

/** Milliseconds; a start takes half a second on an idle host. */
const startDeadline = 20_000;
const answerDeadline = 5000;
const stopDeadline = 5000;

const program = join(import.meta.dirname, sourceFile('switch-main.ts'));

interface StartOptions {
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the stack's switch run and publish these ports and no others; one that runs already is adopted, and connections
 * through ports that stay are not touched. It is a process of its own in a session of its own, so that it outlives this
 * one however that ends.
 *
 * @throws Error when it doesn't come up, with the end of its log, or when a port can't be published
 */
export async function startNetwork(
  stackFolder: string,
  publish: readonly Publication[],
  options: StartOptions,
): Promise<NetworkStatus> {
  const paths = networkPaths(stackFolder);
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  return withLock(paths.lock, { ...options, purpose: `network of ${stackFolder}` }, async () => {
    await writeConfig(stackFolder, publish);
    if (!(await readNetwork(stackFolder))) {
      // One that hangs would keep the published ports.
      await endSwitch(stackFolder);
      await untilReady(stackFolder, await launch(stackFolder), options);
    }
    return reload(stackFolder);
  });
}

/** How the stack's switch is; undefined when none runs, or it hangs. */
export async function readNetwork(stackFolder: string): Promise<NetworkStatus | undefined> {
  const paths = networkPaths(stackFolder);
  if ((await findProcess(paths.pid)) === undefined) return undefined;
  return askControl(paths.control, { command: 'status' }, answerDeadline).catch(() => undefined);
}

/** Faults, for tests of what a cluster does then. */
export async function controlNetwork(stackFolder: string, request: ControlRequest): Promise<NetworkStatus> {
  return askControl(networkPaths(stackFolder).control, request, answerDeadline);
}

/** Ends the switch and removes its folder. Does nothing when there is none. */
export async function stopNetwork(stackFolder: string): Promise<void> {
  await endSwitch(stackFolder);
  await rm(networkPaths(stackFolder).folder, { recursive: true, force: true });
}

async function endSwitch(stackFolder: string): Promise<void> {
  const paths = networkPaths(stackFolder);
  const pid = await findProcess(paths.pid);
  if (pid === undefined) return;
  await signalProcess(pid, paths.pid, 'SIGTERM');
  if (await waitForExit(pid, paths.pid, stopDeadline / 2)) return;
  await signalProcess(pid, paths.pid, 'SIGKILL');
  if (await waitForExit(pid, paths.pid, stopDeadline / 2)) return;
  throw new Error(
    `the switch (pid ${pid}) outlived SIGKILL, so ${paths.folder} is kept: see /proc/${pid}/stack`,
  );
}

/** @throws Error that names the ports which are in use, and the config key that asks for them */
async function reload(stackFolder: string): Promise<NetworkStatus> {
  const status = await controlNetwork(stackFolder, { command: 'reload' });
  if (status.problem !== undefined)
    throw new Error(
      `${networkPaths(stackFolder).config} can't be used: ${status.problem}; ${upCommand()} writes it anew`,
    );
  const taken = status.publish.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (taken.length === 0) return status;
  throw new Error(`publish: of flotilla:machines: ${taken.join('; ')}: free the port, or publish another`);
}

async function writeConfig(stackFolder: string, publish: readonly Publication[]): Promise<void> {
  await replaceFile(networkPaths(stackFolder).config, `${JSON.stringify({ publish }, null, 2)}\n`);
}

/** A switch that was started; `end` is how it ended, once it has. */
interface Launched {
  end?: string;
}

/** Without this process's NODE_OPTIONS: a debugger's or a test runner's are not meant for it. */
async function launch(stackFolder: string): Promise<Launched> {
  const paths = networkPaths(stackFolder);
  const log = await open(paths.log, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, '--pidfile', paths.pid, stackFolder],
      {
        cwd: '/',
        detached: true,
        env: lastingEnvironment(),
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    const launched: Launched = {};
    // Without a listener, a process that can't be made would end this one.
    child.once('error', (error) => {
      launched.end = `can't be started: ${error.message}`;
    });
    child.once('exit', (code, signal) => {
      launched.end = `ended with ${signal ?? code} right after its start`;
    });
    child.unref();
    return launched;
  } finally {
    await log.close();
  }
}

async function untilReady(stackFolder: string, launched: Launched, options: StartOptions): Promise<void> {
  const paths = networkPaths(stackFolder);
  const end = Date.now() + startDeadline;
  const progress = heartbeat(options.log, () => 'waiting for the virtual switch to start');
  try {
    for (;;) {
      const failure = await askControl(paths.control, { command: 'status' }, answerDeadline).then(
        () => undefined,
        messageOf,
      );
      if (failure === undefined) return;
      if (launched.end !== undefined) throw await failed(paths.log, launched.end);
      if (Date.now() > end)
        throw await failed(paths.log, `did not start within ${startDeadline / 1000} s: ${failure}`);
      await sleep(50, undefined, { signal: options.signal });
    }
  } finally {
    progress.stop();
  }
}

async function failed(log: string, why: string): Promise<Error> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const tail = text.trimEnd().split('\n').slice(-15).join('\n');
  return new Error(`the virtual switch ${why}; its log, ${log}, ends:\n${tail}`);
}
