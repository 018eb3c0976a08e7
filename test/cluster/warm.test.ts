import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { imageCache } from '../../src/qemu/image.ts';
import { templateCache } from '../../src/qemu/template.ts';
import { differences, inventory } from './inventory.ts';
import { killEngine, onMachine, pidOf } from './observe.ts';
import { createStack, type Stack } from './stack.ts';

/**
 * Machines that woke from a template, beside one that booted. Both clusters have the same name, so that all that
 * follows from the plan is the same.
 */
const machines = ['core-1', 'worker-1', 'worker-2', 'worker-3', 'worker-4'];
const watch = { log: (text: string) => process.stderr.write(text) };

function config(workers: number) {
  return { machines: { core: { count: 1, etcd: true }, worker: { count: workers } }, units: [] };
}

async function up(stack: Stack): Promise<string> {
  const { status, output } = await stack.up(watch);
  expect([status, output]).toEqual([0, expect.anything()]);
  return output;
}

async function takeDown(stack: Stack) {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], watch);
  stack.remove();
}

describe('machines that woke', () => {
  const cache = mkdtempSync(join(tmpdir(), 'fl-cache-'));
  const templates = templateCache({ XDG_CACHE_HOME: cache });
  let cold: Stack;
  let warm: Stack;
  const said = { cold: '', warm: '' };
  let hostKey = '';

  beforeAll(async () => {
    mkdirSync(join(cache, 'flotilla'));
    symlinkSync(imageCache(), join(cache, 'flotilla', 'images'));
    warm = createStack('twin', config(4), { XDG_CACHE_HOME: cache });
    said.warm = await up(warm);
    hostKey = damageTemplate(templates);
    cold = createStack('twin', config(0), { XDG_CACHE_HOME: cache });
    said.cold = await up(cold);
  }, 900_000);

  afterAll(async () => {
    await Promise.all([takeDown(cold), takeDown(warm)]);
    rmSync(cache, { recursive: true });
  }, 120_000);

  test('none fell back to a boot', () => {
    expect(said.warm).toContain('giving it its identity');
    expect(said.warm).not.toContain('cold start');
  });

  test('one with a broken template boots instead, says why and takes the template away', () => {
    const reason =
      /cold start, because a warm one failed: template [0-9a-f]+ is broken and was removed: QEMU/;
    expect(said.cold).toMatch(reason);
    expect(readdirSync(templates).filter(isTemplate)).toEqual([]);
  });

  test('are the machines that boot', async () => {
    const [booted, woken] = [await inventory(cold, 'core-1'), await inventory(warm, 'core-1')];
    expect(booted.size).toBeGreaterThan(10_000);
    expect(differences(booted, woken)).toEqual([]);
  });

  test('have nothing in common that only one may have', async () => {
    const all = await Promise.all(machines.map((machine) => identityOf(warm, machine)));
    const kinds = Object.keys(all[0] ?? {});
    expect(kinds).toEqual(expect.arrayContaining(['machine-id', 'host-key', 'random', 'agent-key', 'duid']));
    for (const kind of kinds) {
      const values = all.map((identity) => identity[kind]);
      expect([kind, values]).toEqual([kind, expect.not.arrayContaining([undefined, ''])]);
      expect([kind, new Set(values).size]).toEqual([kind, machines.length]);
    }
  });

  test('have nothing of their template', async () => {
    const patterns = [hostKey, 'flotilla-template', '192\\.0\\.2\\.1', '52:54:c0:00:02:01'];
    const search =
      'cd /; grep -rIlE "$1" etc var/lib/cloud var/lib/systemd home root run 2> /dev/null || true';
    const argv = ['sudo', 'sh', '-c', search, 'search', patterns.join('|')];
    expect(await onMachine(warm, 'worker-1', argv)).toBe('');
    expect(await onMachine(warm, 'worker-1', ['ls', '/var/log/journal'])).toBe(
      await onMachine(warm, 'worker-1', ['cat', '/etc/machine-id']),
    );
  });

  test('have the right time', async () => {
    for (const machine of machines) {
      const before = Date.now() / 1000;
      const clock = Number(await onMachine(warm, machine, ['date', '+%s.%N']));
      expect(clock).toBeGreaterThan(before - 1);
      expect(clock).toBeLessThan(Date.now() / 1000 + 1);
    }
  });

  test('are themselves again after their QEMU was killed and they boot from their own disk', async () => {
    const before = await identityOf(warm, 'worker-1');
    process.kill(pidOf(warm, 'worker-1'), 'SIGKILL');
    const { status, output } = await warm.pulumi(['up', '--yes', '--skip-preview', '--refresh'], watch);
    expect([status, output]).toEqual([0, expect.anything()]);
    const after = await identityOf(warm, 'worker-1');
    for (const kind of ['machine-id', 'hostname', 'host-key', 'agent-key', 'duid', 'lan', 'docker'])
      expect([kind, after[kind]]).toEqual([kind, before[kind]]);
  });
});

/** What only one machine may have, by kind. No key is shown: of the private ones, the hash of the public half. */
async function identityOf(stack: Stack, machine: string): Promise<Record<string, string>> {
  const output = await onMachine(stack, machine, ['sudo', 'sh', '-c', identityScript]);
  return Object.fromEntries(output.split('\n').map((line) => line.split('=', 2)));
}

const identityScript = `
set -eu
echo "machine-id=$(cat /etc/machine-id)"
echo "systemd-machine-id=$(busctl call org.freedesktop.systemd1 / org.freedesktop.DBus.Peer GetMachineId)"
echo "hostname=$(hostname)"
echo "host-key=$(ssh-keygen -y -f /etc/ssh/flotilla_host_ed25519_key)"
echo "agent-key=$(openssl pkey -in /etc/flotilla/pki/agent.key -pubout | sha256sum)"
echo "random=$(od -An -tx8 -N16 /dev/urandom)"
echo "journal=$(journalctl --header | sed -n 's/^Sequential number ID: //p' | sort -u)"
echo "random-seed=$(sha256sum < /var/lib/systemd/random-seed)"
echo "duid=$(networkctl status eth1 | sed -n 's/.*Client DUID: //p')"
echo "lan=$(cat /sys/class/net/eth0/address)"
echo "docker=$(docker info --format '{{.ID}}')"
echo "docker-bridge=$(docker network inspect --format '{{.ID}}' bridge)"
`;

describe('a start that is cut off', () => {
  let stack: Stack;

  beforeAll(() => {
    stack = createStack('cutoff', config(0));
  });

  afterAll(() => takeDown(stack), 120_000);

  test('is begun again', async () => {
    let timer: NodeJS.Timeout | undefined;
    await stack.up({
      onStart: (pid) => {
        timer = setInterval(() => {
          if (unfinished(stack) && killEngine(pid)) clearInterval(timer);
        }, 20);
      },
    });
    clearInterval(timer);
    expect(unfinished(stack)).toBe(true);
    expect(await up(stack)).toContain('its start was cut off; beginning again');
    expect(unfinished(stack)).toBe(false);
  });
});

/** Returns the public host key of the only template that there is. */
function damageTemplate(templates: string): string {
  const folder = join(templates, readdirSync(templates).find(isTemplate) ?? 'none');
  const devices = join(folder, 'devices');
  chmodSync(devices, 0o600);
  truncateSync(devices, 100_000);
  return readFileSync(join(folder, 'host-key.pub'), 'utf8').split(' ')[1] ?? '';
}

const isTemplate = (name: string) => /^[0-9a-f]+$/.test(name);

function unfinished(stack: Stack): boolean {
  try {
    return readdirSync(join(stack.machines, 'core-1')).includes('unfinished');
  } catch {
    return false;
  }
}
