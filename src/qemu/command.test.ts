import { describe, expect, test } from '@jest/globals';
import { type AttachOptions, attach, run } from './command.ts';

const log = () => undefined;
const deadline = 60_000;

describe('run', () => {
  test('gives what the command printed', async () => {
    expect(await run(['echo', 'hello'], { log, purpose: 'greeting', deadline })).toBe('hello\n');
  });

  test('a command that fails is told with its last lines', async () => {
    const command = ['sh', '-c', 'echo no room >&2; exit 3'];
    await expect(run(command, { log, purpose: 'copying', deadline })).rejects.toThrow(
      'copying: sh failed: ended with 3\nno room',
    );
  });

  test('a command that hangs is ended when its time is up, and told with its last lines', async () => {
    const command = ['sh', '-c', 'echo $$; exec sleep 60'];
    const failure = await run(command, { log, purpose: 'copying', deadline: 2000 }).catch(String);
    expect(failure).toMatch(/copying: sh was not done within 2 s\n\d+$/);
    expect(await isGone(Number(/\d+$/.exec(failure)?.[0]))).toBe(true);
  });

  test('lines that tell nothing take nobody else’s place', async () => {
    const command = ['sh', '-c', 'echo emulation failure; for i in $(seq 30); do echo RAX=0; done; exit 3'];
    const options = { log, purpose: 'probe', deadline, noise: /^RAX/ };
    await expect(run(command, options)).rejects.toThrow('probe: sh failed: ended with 3\nemulation failure');
  });

  test('a cancel is no deadline', async () => {
    const signal = AbortSignal.timeout(200);
    await expect(run(['sleep', '60'], { log, purpose: 'copying', deadline, signal })).rejects.toThrow(
      'copying: sleep failed: The operation was aborted',
    );
  });
});

describe('attach', () => {
  const options: AttachOptions = {
    log,
    purpose: 'starting',
    alive: async () => false,
    deadline,
  };

  test('waits until the program is up', async () => {
    let asked = 0;
    const alive = async () => ++asked === 3;
    await attach(['sleep', '1'], { ...options, alive });
    expect(asked).toBe(3);
  });

  test('a program that ends instead is told with its last lines', async () => {
    const command = ['sh', '-c', 'echo no such device >&2; exit 1'];
    await expect(attach(command, options)).rejects.toThrow('starting: ended with 1\nno such device');
  });

  test('a program that is not up in time is ended', async () => {
    const command = ['sh', '-c', 'echo $$ >&2; exec sleep 60'];
    const failure = await attach(command, { ...options, deadline: 500 }).catch(String);
    expect(failure).toMatch(/starting: was not up within 0.5 s\n\d+$/);
    expect(await isGone(Number(/\d+$/.exec(String(failure))?.[0]))).toBe(true);
  });

  test('a cancel is heeded', async () => {
    const attached = attach(['sleep', '60'], { ...options, signal: AbortSignal.timeout(200) });
    await expect(attached).rejects.toThrow('aborted');
  });
});

/** Whether the process ends, within a second or so. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
