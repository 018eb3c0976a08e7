import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeState } from './machine-state.ts';
import { machinePaths } from './paths.ts';
import { waitForSsh } from './ssh-banner.ts';

let folder: string;
let qemu: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'banner-'));
  // Nothing listens on port 1 of this computer.
  await writeState(folder, { 22: 1 });
  await writeFile(
    machinePaths(folder).console,
    'Booting\nKernel panic - not syncing: no root\nCall Trace:\n',
  );
});

afterEach(async () => {
  qemu?.kill();
  qemu = undefined;
  await rm(folder, { recursive: true });
});

/** A process that counts as the machine's QEMU. */
function run(): void {
  qemu = spawn('sh', ['-c', 'read -r line', 'sh', '-pidfile', machinePaths(folder).pid, 'end'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

async function failure(deadline?: number): Promise<string> {
  const waiting = waitForSsh('core-1', folder, { log: () => undefined, ...(deadline && { deadline }) });
  return waiting.then(String, String);
}

describe('a machine that never greets is told with the end of its console, and what to do', () => {
  test('after its time', async () => {
    await writeFile(machinePaths(folder).console, 'Booting\nlogin:\n');
    run();
    expect(await failure(300)).toContain(
      `core-1: no SSH within 0.3 s; the end of ${folder}/console.log:\nBooting\nlogin:\n\`npm run up\` waits again`,
    );
  });

  test('when QEMU has ended', async () => {
    await writeFile(machinePaths(folder).console, 'Booting\n');
    expect(await failure()).toContain(
      `core-1: QEMU has ended; the end of ${folder}/console.log:\nBooting\n\`npm run up\` starts it again`,
    );
  });

  test('when its kernel died: QEMU is to be ended first', async () => {
    run();
    expect(await failure()).toMatch(
      /the guest's kernel died; .*\nBooting\nKernel panic.*\nend its QEMU \(pid in .*\/pid\), then `npm run up` starts it again$/,
    );
  });
});
