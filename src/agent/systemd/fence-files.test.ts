import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FenceFiles } from './fence-files.ts';

let root: string;
let folder: string;
let systemd: string;
let files: FenceFiles;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-fence-'));
  [folder, systemd] = [join(root, 'flotilla'), join(root, 'system')];
  await mkdir(join(folder, 'started'), { recursive: true });
  files = new FenceFiles(folder, systemd);
});
afterEach(() => rm(root, { recursive: true }));

test('a fenced unit gets a drop-in that names the guard, and loses nothing else with it', async () => {
  await files.add('a@1.service');
  const dropIns = join(systemd, 'a@1.service.d');
  expect(await readFile(join(dropIns, 'flotilla-fence.conf'), 'utf8')).toBe(
    `[Unit]\nWants=flotilla-fence.service\nAfter=flotilla-fence.service\nConditionPathExists=${folder}/fence/open\n`,
  );
  expect(await readFile(join(systemd, 'flotilla-fence.service'), 'utf8')).toContain(`${folder}/fence/guard`);
  await writeFile(join(dropIns, 'override.conf'), '');
  await files.remove('a@1.service');
  expect(await readdir(dropIns)).toEqual(['override.conf']);
  expect(await readdir(join(folder, 'fence', 'units'))).toEqual([]);
  await files.add('b.service');
  await files.remove('b.service');
  expect(existsSync(join(systemd, 'b.service.d'))).toBe(false);
});

test('the deadline is in hundredths of a second since the machine started', async () => {
  const before = uptime();
  await files.extend(() => 5000);
  const deadline = Number(await readFile(join(folder, 'fence', 'deadline'), 'utf8'));
  expect(deadline).toBeGreaterThanOrEqual(Math.floor((before + 5) * 100));
  expect(deadline).toBeLessThanOrEqual((uptime() + 5) * 100);
  expect(existsSync(join(folder, 'fence', 'open'))).toBe(true);
});

/** The script itself, with a systemctl that notes what it is asked and finds all units as `states` says. */
describe('the guard', () => {
  let guard: ReturnType<typeof spawn>;
  const asked = async () =>
    (await readFile(join(root, 'asked'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const path = (...names: string[]) => join(folder, 'fence', ...names);
  afterEach(async () => {
    if (guard.exitCode !== null) return;
    const ended = once(guard, 'exit');
    guard.kill('SIGKILL');
    await ended;
  });

  async function start(states: readonly string[], onStop = ':'): Promise<void> {
    const bin = join(root, 'bin');
    await mkdir(bin);
    const answer = states.map((state) => `echo ${state}`).join('; ');
    const note = `echo "$*" >>${root}/asked`;
    const script = `#!/bin/sh\n${note}\n[ "$1" != is-active ] || { ${answer}; }\n[ "$1" != stop ] || ${onStop}\n`;
    await writeFile(join(bin, 'systemctl'), script);
    await chmod(join(bin, 'systemctl'), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}` };
    guard = spawn('/bin/sh', [path('guard'), path()], { env, stdio: 'ignore' });
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await sleep(20);
  }

  test('stops, then kills what ran, and has it started anew; one by one', async () => {
    const names = ['a.service', 'b\\x2dc@1.service', 'done.service'];
    for (const name of names) {
      await files.add(name);
      await writeFile(join(folder, 'started', name), '');
    }
    await files.extend(() => 0);
    await start(['active', 'deactivating', 'inactive']);
    await until(() => existsSync(path('closed')));
    const [all, ran] = [names.join(' '), 'a.service b\\x2dc@1.service'];
    expect(await asked()).toEqual([
      `is-active -- ${all}`,
      `stop --no-block -- ${ran}`,
      `kill --signal=SIGKILL -- ${ran}`,
    ]);
    expect(await readdir(join(folder, 'started'))).toEqual(['done.service']);
    expect(existsSync(path('open'))).toBe(false);
    await files.extend(() => 60_000);
    await until(() => !existsSync(path('closed')));
    expect(existsSync(path('open'))).toBe(true);
    expect((await asked()).length).toBe(3);
  });

  test('kills nothing when the deadline is put off while units stop', async () => {
    const mark = join(folder, 'started', 'a.service');
    await files.add('a.service');
    await writeFile(mark, '');
    await files.extend(() => 0);
    await start(['active']);
    await until(async () => (await asked()).length === 2);
    await files.extend(() => 60_000);
    await until(() => !existsSync(mark));
    expect((await asked()).map((line) => line.split(' ')[0])).toEqual(['is-active', 'stop']);
  });

  test('does not sleep until a deadline that was put off while it had them stopped', async () => {
    const mark = join(folder, 'started', 'a.service');
    await files.add('a.service');
    await writeFile(mark, '');
    await files.extend(() => 0);
    await start(['active'], `echo ${Math.floor((uptime() + 600) * 100)} >${path('deadline')}`);
    await until(() => !existsSync(mark));
    expect((await asked()).map((line) => line.split(' ')[0])).toEqual(['is-active', 'stop']);
  });

  test('asks for nothing at all when no unit is fenced, and ends', async () => {
    await files.add('a.service');
    await files.remove('a.service');
    await start([]);
    const [status] = await once(guard, 'exit');
    expect([status, await asked()]).toEqual([0, []]);
  });
});
