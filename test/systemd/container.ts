import { mkdir, readdir, readFile, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildImage } from '../../src/packaged-image/build.ts';
import { parseDefinition } from '../../src/packaged-image/definition.ts';
import { run } from '../../src/qemu/command.ts';
import type { Log } from '../../src/qemu/log.ts';
import { until } from '../cluster/observe.ts';
import { unpackImage } from '../unpack-image.ts';

/**
 * A container with a systemd of its own: that of Debian 13, as machines have it, and the bus and the Node beside it. On
 * an emulated machine the same tests take six times as long, most of it the time in which systemd reads all units anew.
 */

/** Milliseconds for all tests in it. */
const patience = 300_000;

/** timesyncd is a unit of others that tests restart. The journal's folder has access lists, which images don't keep. */
const definition = `name: flotilla/systemd:13
steps:
  - run: |
      apt-get --yes install --no-install-recommends systemd systemd-sysv systemd-timesyncd dbus nodejs
      rm -r /var/log/journal
`;

/** Whatever becomes of the tests, the container ends with them. */
const unit = `[Unit]
Description=The tests
After=multi-user.target
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'node --test-reporter=spec /tests.cjs > /tests.log 2>&1'
`;

/**
 * Runs a file of tests of this folder in a container made of `folder`, as root, by the container's own Node.
 *
 * @returns what Node's runner said; its last lines are missing when the container ended before the tests did
 */
export async function runInContainer(folder: string, file: string, log: Log): Promise<string> {
  const root = join(folder, 'root');
  const built = await buildImage(parseDefinition('systemd.yaml', definition), { folders: [], log });
  await unpackImage(built, root, log);
  await writeFile(join(root, 'tests.cjs'), await bundle(file));
  const units = join(root, 'etc/systemd/system');
  await writeFile(join(units, 'tests.service'), unit);
  await mkdir(join(units, 'default.target.wants'), { recursive: true });
  await symlink('../tests.service', join(units, 'default.target.wants/tests.service'));
  await boot(root, log);
  return readFile(join(root, 'tests.log'), 'utf8').catch(() => 'nothing: they never began');
}

async function boot(root: string, log: Log): Promise<void> {
  const group = await controlGroup();
  const namespaces = ['mount', 'uts', 'ipc', 'pid', 'net', 'cgroup'].map((name) => `--${name}`);
  // Process 1 of a container that powers off ends by SIGINT (reboot(2), "Behavior inside PID namespaces").
  const script = 'echo $$ > "$1/cgroup.procs"; shift; "$@" || [ $? = 130 ]';
  const unshare = [
    // It ends with the shell, which ends with this process.
    ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare'],
    ...namespaces,
    '--fork',
    '--kill-child',
    'sh',
    join(import.meta.dirname, 'boot.sh'),
    root,
  ];
  try {
    await run(['sh', '-ec', script, 'sh', group, ...unshare], {
      ...{ log, purpose: 'tests beside systemd', deadline: patience, killSignal: 'SIGKILL' },
    });
  } finally {
    // Whatever is left of it, when its time was up.
    await writeFile(join(group, 'cgroup.kill'), '1');
    await until(10, async () => /^populated 0$/m.test(await readFile(join(group, 'cgroup.events'), 'utf8')));
    await removeGroup(group);
  }
}

/** Below the root of control groups v2, which is not the first thing there where there are those of v1 too. */
async function controlGroup(): Promise<string> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  const place = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (place === undefined) throw new Error('no control groups of version 2 are mounted here');
  const group = join(place, `flotilla-test-${process.pid}`);
  await mkdir(group);
  return group;
}

async function removeGroup(group: string): Promise<void> {
  for (const entry of await readdir(group, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(group, entry.name));
  await rmdir(group);
}

/** One file, CommonJS as `expect` is. */
async function bundle(file: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, file)],
    alias: { '@jest/globals': join(import.meta.dirname, 'node-jest.ts') },
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: 'tests.cjs',
    logLevel: 'silent',
  });
  const output = outputFiles[0];
  if (!output) throw new Error(`esbuild made no output for ${file}`);
  return output.contents;
}
