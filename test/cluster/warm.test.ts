import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { imageCache } from '../../src/qemu/image.ts';
import { templateCache } from '../../src/qemu/template.ts';
import { identityOf } from './identity.ts';
import { differences, inventory } from './inventory.ts';
import { killEngine, onMachine } from './observe.ts';
import { succeeded } from './run.ts';
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
  return (await succeeded(stack.up(watch))).output;
}

async function takeDown(stack: Stack) {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], watch);
  stack.remove();
}

describe('machines that woke', () => {
  const cache = mkdtempSync(join(tmpdir(), 'fl-cache-'));
  const damaged = templateCache({ XDG_CACHE_HOME: cache });
  let cold: Stack;
  let warm: Stack;
  const said = { cold: '', warm: '' };
  let hostKey = '';

  beforeAll(async () => {
    mkdirSync(join(cache, 'flotilla'));
    symlinkSync(imageCache(), join(cache, 'flotilla', 'images'));
    warm = createStack('twin', config(4));
    said.warm = await up(warm);
    const key = /waking from template ([0-9a-f]+)/.exec(said.warm)?.[1] ?? 'none';
    const template = join(templateCache(), key);
    hostKey = readFileSync(join(template, 'host-key.pub'), 'utf8').split(' ')[1] ?? '';
    damagedCopy(template, join(damaged, key));
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
    expect(readdirSync(damaged).filter(isTemplate)).toEqual([]);
  });

  test('are the machines that boot', async () => {
    const [booted, woken] = [await inventory(cold, 'core-1'), await inventory(warm, 'core-1')];
    expect(booted.size).toBeGreaterThan(10_000);
    expect(differences(booted, woken)).toEqual([]);
  });

  test('compute without what emulation makes slow, as those that boot', async () => {
    const programs = ['dockerd', 'etcd', 'node', 'sshd'];
    const script =
      'for each; do tr "\\0" "\\n" < /proc/$(pidof -s $each)/environ; done; grep -m 1 "^model name" /proc/cpuinfo';
    for (const stack of [cold, warm]) {
      const said = await onMachine(stack, 'core-1', ['sudo', 'sh', '-c', script, 'sh', ...programs]);
      const told = said.split('\n').filter((line) => /^(OPENSSL_ia32cap|GODEBUG)=/.test(line));
      expect(told).toHaveLength(said.includes('QEMU TCG') ? 2 * programs.length : 0);
    }
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
});

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

/** The template itself is others' too: only what is cut off is a file of its own. */
function damagedCopy(template: string, copy: string) {
  mkdirSync(copy, { recursive: true });
  for (const name of readdirSync(template)) symlinkSync(join(template, name), join(copy, name));
  const devices = join(copy, 'devices');
  rmSync(devices);
  writeFileSync(devices, readFileSync(join(template, 'devices')).subarray(0, 100_000));
}

const isTemplate = (name: string) => /^[0-9a-f]+$/.test(name);

function unfinished(stack: Stack): boolean {
  try {
    return readdirSync(join(stack.machines, 'core-1')).includes('unfinished');
  } catch {
    return false;
  }
}
