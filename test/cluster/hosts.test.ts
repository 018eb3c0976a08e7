import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inventoryLines, inventoryScript } from './inventory.ts';
import { bootIds, leftovers } from './observe.ts';
import { type OwnedHost, OwnedHosts } from './owned-hosts.ts';
import { type Run, succeeded } from './run.ts';
import { createStack, type Stack } from './stack.ts';

/**
 * Machines that were there before the stack and are there after it. The tests build on each other: read the first one
 * that fails.
 */
const owned = new OwnedHosts();
const watch = { log: (text: string) => process.stderr.write(text) };
const names = ['core-1', 'worker-1'];
let hosts: readonly OwnedHost[] = [];
let before: readonly ReadonlySet<string>[] = [];
let stack: Stack;

function config(changes: Partial<OwnedHost> = {}) {
  const [core, worker] = hosts.map(({ run, ...host }) => host);
  return {
    platform: 'hosts',
    hosts: {
      identityFile: owned.identityFile,
      machines: { core: [{ ...core, ...changes }], worker: [worker] },
    },
    machines: { core: { count: 1, etcd: true }, worker: { count: 1 } },
    units: ['units/hello'],
  };
}

const onEach = (script: string) => Promise.all(hosts.map((host) => host.run(script)));

async function inventories(): Promise<readonly ReadonlySet<string>[]> {
  return (await onEach(inventoryScript)).map(inventoryLines);
}

const succeed = async (run: Promise<Run>): Promise<string> => (await succeeded(run)).output;

beforeAll(async () => {
  // One whose own etcd and Node.js are old, beside a new one.
  hosts = await owned.boot({ anvil: 'bookworm', bellows: 'trixie' });
  // Its owner's own, and in a place where Flotilla has something to write too.
  await onEach(
    'mkdir -p /etc/systemd/system/docker.service.d; echo "[Service]" > /etc/systemd/system/docker.service.d/startup.conf',
  );
  before = await inventories();
  stack = createStack('hosts', config());
});

afterAll(async () => {
  await stack?.pulumi(['destroy', '--yes', '--skip-preview'], watch);
  stack?.remove();
  await owned.remove();
});

describe('up', () => {
  test('refuses a host key that is not the one that was named, and changes nothing anywhere', async () => {
    stack.configure(config({ hostKey: `SHA256:${'0'.repeat(43)}` }));
    const { status, output } = await stack.up(watch);
    expect(status).not.toBe(0);
    expect(output).toContain('flotilla:hosts.machines.core.0.hostKey: 127.0.0.1');
    expect(await onEach('ls -d /etc/flotilla /home/* 2>/dev/null || :')).toEqual([
      '/home/admin\n',
      '/home/admin\n',
    ]);
    stack.configure(config());
  });

  test('lists at preview what it will do on each host', async () => {
    const output = await succeed(stack.pulumi(['preview', '--diff'], watch));
    expect(output).toContain('write /etc/systemd/system/etcd.service: missing');
    expect(output).toContain('write /etc/systemd/system/docker.service.d/startup.conf: its contents differ');
    expect(output).toContain(
      'make the user core, in docker, flotilla, systemd-journal: there is no such user',
    );
    expect(output).toContain('send etcd 3.5.16-4 and etcdctl 3.5.16-4 to core-1');
    // The image that they were booted from has them.
    expect(output).not.toContain('install ');
  });

  test('brings etcd, agents and units up on them', async () => {
    await succeed(stack.up(watch));
    const { etcd, machines, units } = await stack.outputs();
    expect(etcd).toEqual({ 'core-1': 'healthy' });
    expect(machines).toEqual({ 'core-1': '10.77.9.11', 'worker-1': '10.77.9.12' });
    expect(units['hello-image.service']).toEqual(names);
    const replies = await onEach('curl --silent --max-time 10 http://127.0.0.1:8080');
    expect(replies.map((reply) => reply.trim()).sort()).toEqual([
      expect.stringMatching(/^Hello from instance 1 on /),
      expect.stringMatching(/^Hello from instance 2 on /),
    ]);
    expect(await onEach('hostname')).toEqual(['anvil\n', 'bellows\n']);
    const [core] = await onEach('readlink /proc/$(pidof etcd)/exe || :');
    expect(core).toBe('/usr/local/lib/flotilla/etcd\n');
  });

  test('again changes nothing', async () => {
    const ids = await bootIds(stack, names);
    await succeed(stack.pulumi(['up', '--yes', '--skip-preview', '--refresh', '--expect-no-changes'], watch));
    expect(await bootIds(stack, names)).toEqual(ids);
  });
});

describe('destroy', () => {
  test('leaves the hosts as they were', async () => {
    await succeed(stack.pulumi(['destroy', '--yes', '--skip-preview'], watch));
    const after = await inventories();
    for (const [index, had] of before.entries())
      expect(differences(had, after[index] ?? new Set())).toEqual([]);
    expect(leftovers(stack)).toEqual([]);
  });
});

/** What is there after and was not before, or the other way round, and has no business to. */
function differences(had: ReadonlySet<string>, has: ReadonlySet<string>): string[] {
  const unexpected = (line: string) => !Object.values(allowed).some((pattern) => pattern.test(line));
  const lost = [...had].filter((line) => !has.has(line)).map((line) => `lost ${line}`);
  const left = [...has].filter((line) => !had.has(line)).map((line) => `left ${line}`);
  return [...lost, ...left].filter(unexpected).sort();
}

/** The differences there may be, and why. docs/hosts.md tells them to users. */
const allowed: Readonly<Record<string, RegExp>> = {
  'what Docker, which was there before, keeps of what it ran':
    /^(lost|left) (file \/(var\/lib\/(docker|containerd)|etc\/(docker|cni))|contents \S+ {2}\/etc\/docker\/key\.json$|unit \S*(docker|containerd)|mount )/,
  'what Docker told the kernel, until the next boot':
    /^(lost|left) (\w+ docker0|route .*docker0|module |sysctl net\.(bridge\.|netfilter\.|nf_conntrack_max)|sysctl net\..*(docker0|forward|all\.accept_redirects))/,
  'the empty slice that systemd makes for instances of a template, until the next boot':
    /^left unit system-hello\.slice loaded active active$/,
  'the copies that useradd and userdel keep of their last state': /^(lost|left) contents \S+ {2}\/etc\/\w+-$/,
  'the journal of a user who logged in': /^left file \/var\/log\/journal\/MACHINE-ID\/user-\d+\.journal /,
  'counters, and what the kernel draws by lot':
    /^(lost|left) sysctl (fs\.(dentry-state|inode-nr|inode-state|file-nr|quota\.syncs)|kernel\.(ns_last_pid|random\.|pty\.nr))/,
};
