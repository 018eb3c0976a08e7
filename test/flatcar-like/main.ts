import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { layoutFiles, sampleImage, writeArchive, writeFolder } from '../../src/image/sample-image.ts';
import { onMachine, until } from '../cluster/observe.ts';
import { createStack } from '../cluster/stack.ts';

/*
 * Brings a cluster up on machines that are met as Flatcar's are and set up by the real Ignition; test/flatcar-like/image.sh
 * makes their image. By hand, since it takes root, a C compiler and some minutes: docs/flatcar.md.
 *
 *     node test/flatcar-like/main.ts CACHE
 */
const { positionals } = parseArgs({ allowPositionals: true });
const [cache] = positionals;
if (cache === undefined) throw new Error('usage: node test/flatcar-like/main.ts CACHE');

const port = 18082;
const machines = ['core-1', 'worker-1'];
/** The cache has it under this digest, so nothing is downloaded. */
const image = { url: 'http://127.0.0.1:9/as-flatcar-is-met', sha512: 'f1a7ca'.padEnd(128, '0') };
const stack = createStack(
  'flatcar',
  {
    os: 'flatcar',
    local: { image },
    machines: { core: { count: 1, etcd: true, publish: { [port]: 8080 } }, worker: { count: 1 } },
    units: ['units/hello'],
  },
  { XDG_CACHE_HOME: cache },
);
const watch = { log: (text: string) => process.stderr.write(text) };
const started = performance.now();

function proved(what: string): void {
  console.log(`${Math.round((performance.now() - started) / 1000)} s: ${what}`);
}

const on = (machine: string, command: string) => onMachine(stack, machine, ['sudo', 'sh', '-c', command]);

async function up(): Promise<string> {
  const { status, output } = await stack.pulumi(['up', '--yes', '--skip-preview', '--refresh'], watch);
  assert.equal(status, 0);
  return output;
}

/** Every machine has a hello, and only one of them has a published port. */
async function helloAnswers(): Promise<void> {
  await until(240, async () => {
    const reply = await fetch(`http://127.0.0.1:${port}`);
    return (await reply.text()).startsWith('Hello from instance');
  });
}

try {
  const first = await stack.up(watch);
  assert.equal(first.status, 0);
  assert.match(first.output, /never booted by Flotilla's own tests/);
  const { etcd, units, connection } = await stack.outputs();
  assert.deepEqual(etcd, { 'core-1': 'healthy' });
  assert.deepEqual(units['hello-image.service'], machines);
  proved('up: Ignition, first contact, etcd, agents and units');
  await helloAnswers();
  proved('hello answers on its published port');

  for (const machine of machines) {
    assert.match(await on(machine, 'touch /usr/x 2>&1 || :'), /Read-only file system/);
    assert.match(await on(machine, 'cat /etc/.ignition-result.json'), /userConfigProvided": true/);
    for (const gone of ['dpkg', 'apt-get', 'node', 'python3', 'busybox', 'etcd', 'cloud-init'])
      assert.equal(await on(machine, `command -v ${gone} || echo none`), 'none');
    assert.equal(
      await on(machine, 'systemctl is-active sshd.socket flotilla-agent.service'),
      'active\nactive',
    );
    assert.equal(await on(machine, 'ls /etc/ssh/ssh_host_*_key 2>/dev/null || echo none'), 'none');
    console.log(
      await on(machine, 'id core; ls -la /opt/flotilla; /opt/flotilla/node --version; ip -4 -br addr'),
    );
  }
  proved('/usr is read-only, and what runs is what was sent');

  assert.match(await up(), /unchanged/);
  proved('up --refresh again');
  console.log((await stack.flotilla(['doctor'])).output);

  const folder = join(stack.clone, 'layout');
  const layer = await writeArchive(join(stack.clone, 'layer'), [['layer', 'text']]);
  await writeFolder(folder, layoutFiles(sampleImage([readFileSync(layer)])));
  const pushed = await stack.flotilla(['image', 'push', folder, 'sample:1']);
  assert.match(pushed.output, /sample:1 is on core-1, worker-1/);
  proved('image push, by the Node.js that was sent');

  await on('worker-1', 'rm /opt/flotilla/busybox');
  assert.match(await up(), /Node\.js: sending busybox .* to worker-1: it is not there/);
  proved('a program that went is sent again');

  const keys = await Promise.all(machines.map((name) => on(name, 'cat /proc/sys/kernel/random/boot_id')));
  for (const machine of machines) await on(machine, 'systemctl reboot').catch(() => undefined);
  for (const [at, machine] of machines.entries())
    await until(300, async () => (await on(machine, 'cat /proc/sys/kernel/random/boot_id')) !== keys[at]);
  await helloAnswers();
  for (const machine of machines)
    assert.equal(await on(machine, 'ls /etc/ssh/ssh_host_*_key 2>/dev/null || echo none'), 'none');
  assert.deepEqual((await stack.outputs()).connection, connection);
  await up();
  assert.deepEqual((await stack.outputs()).etcd, { 'core-1': 'healthy' });
  proved('reboot: the same host keys and no others, etcd, agents and units are back');
} finally {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], watch);
  stack.remove();
}
