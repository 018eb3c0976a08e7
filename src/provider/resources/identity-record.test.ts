import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { anyHandler } from '../handler.ts';
import type { Context } from '../resource.ts';
import { recordedIdentity, recordIdentity } from './identity-record.ts';
import { network } from './local/network.ts';
import { pki } from './pki.ts';

const before = process.env.FLOTILLA_HOME;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'flotilla-home-'));
  process.env.FLOTILLA_HOME = home;
});

afterEach(() => {
  if (before === undefined) delete process.env.FLOTILLA_HOME;
  else process.env.FLOTILLA_HOME = before;
  rmSync(home, { recursive: true });
});

const core1 = { stack: 'dev', machine: 'core-1', oneTimeHostKey: 'ssh-ed25519 AAAAONCE core-1' };
const identity = { hostKey: 'ssh-ed25519 AAAALASTING' };
const context: Context = {
  urn: 'urn',
  name: 'pki',
  stack: 'dev',
  log: () => undefined,
  signal: new AbortController().signal,
};
const stackFolder = () => join(home, 'stacks', 'dev');

test('nothing is known of a machine before first contact', async () => {
  expect(await recordedIdentity(core1)).toBeUndefined();
});

test('what was recorded last is known of it', async () => {
  await recordIdentity(core1, identity);
  expect(await recordedIdentity(core1)).toEqual(identity);
  await recordIdentity(core1, { ...identity, machineId: 'cafe' });
  expect(await recordedIdentity(core1)).toEqual({ ...identity, machineId: 'cafe' });
});

test('a machine that took its place is not taken for it', async () => {
  await recordIdentity(core1, identity);
  expect(
    await recordedIdentity({ ...core1, oneTimeHostKey: 'ssh-ed25519 AAAAOTHER core-1' }),
  ).toBeUndefined();
});

describe('when the stack goes', () => {
  const takePki = () => anyHandler(pki).delete('id', { certificate: '', privateKey: '' }, context);
  const takeNetwork = () => anyHandler(network).delete('dev', { publish: [] }, context);

  test('the records go, and the folder with them, on a platform that has nothing else there', async () => {
    await recordIdentity(core1, identity);
    await takePki();
    expect(existsSync(stackFolder())).toBe(false);
  });

  test('nothing was there to begin with', async () => {
    await takePki();
    expect(existsSync(stackFolder())).toBe(false);
  });

  test.each([
    ['before the network', [takePki, takeNetwork]],
    ['after the network', [takeNetwork, takePki]],
  ])('the certificate authority goes %s', async (_, [first, second]) => {
    await recordIdentity(core1, identity);
    await mkdir(join(stackFolder(), 'machines', 'core-1'), { recursive: true });
    await writeFile(join(stackFolder(), 'machines', 'core-1', 'console.log'), '');
    await first?.();
    expect(existsSync(stackFolder())).toBe(true);
    await second?.();
    expect(existsSync(stackFolder())).toBe(false);
  });

  test('another cluster of the stack keeps its own, and the last one takes the folder with it', async () => {
    const [blue, green] = ['dev/blue', 'dev/green'].map((stack) => ({ ...core1, stack }));
    if (!blue || !green) throw new Error('there are two');
    await recordIdentity(blue, identity);
    await recordIdentity(green, identity);
    const take = ({ stack }: { stack: string }) =>
      anyHandler(pki).delete('id', { certificate: '', privateKey: '' }, { ...context, stack });
    await take(blue);
    expect(await recordedIdentity(blue)).toBeUndefined();
    expect(await recordedIdentity(green)).toEqual(identity);
    await take(green);
    expect(existsSync(stackFolder())).toBe(false);
  });

  test('another stack keeps its own', async () => {
    const other = { ...core1, stack: 'prod' };
    await recordIdentity(other, identity);
    await takePki();
    expect(await recordedIdentity(other)).toEqual(identity);
  });
});
