import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashOf } from '../../unit/hash.ts';
import { halfWritten, UnitFailures } from './systemd.ts';
import { UnitFiles } from './unit-files.ts';

const name = 'a.service';
const contents = '[Service]\nExecStart=/bin/x\n';
const whole = { name, contents, hash: hashOf(contents), started: false };

let root: string;
/** As an agent sees them that has just started. */
const open = () => new UnitFiles(join(root, 'agent'), join(root, 'systemd'));
const put = (files: UnitFiles, fenced = false) =>
  files.change([name], () => files.write({ name, contents, fenced }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-units-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Ends the process in the middle of what it does: nothing of it comes to an end any more. */
const killed = new Error('killed');

describe('an agent that is killed while it changes a unit', () => {
  const half = { name, contents: '', hash: halfWritten, started: false };

  test('leaves it to be changed again, whatever was written already', async () => {
    const files = open();
    await put(files);
    expect(await open().list()).toEqual([whole]);
    const cut = files.change([name], async () => {
      await files.write({ name, contents, fenced: true });
      // Systemd is still to be told of the drop-in.
      throw killed;
    });
    await expect(cut).rejects.toBe(killed);
    expect(await open().list()).toEqual([half]);
    await put(open(), true);
    expect(await open().list()).toEqual([whole]);
  });

  test('leaves it to be changed again though its file is not there yet, or not any more', async () => {
    const files = open();
    const cut = (work: () => Promise<void>) =>
      expect(
        files.change([name], async () => {
          await work();
          throw killed;
        }),
      ).rejects.toBe(killed);
    await cut(() => files.fence.add(name));
    expect(await open().list()).toEqual([half]);
    await put(open());
    await cut(() => rm(join(root, 'agent', 'units', name)));
    expect(await open().list()).toEqual([half]);
    await files.change([name], () => files.remove(name));
    expect(await open().list()).toEqual([]);
    expect(await readdir(join(root, 'systemd'))).not.toContain(`${name}.d`);
  });

  test('or that systemd refuses part of, leaves that part alone to be changed again', async () => {
    const other = 'b.service';
    const files = open();
    const refused = new UnitFailures(new Map([[name, 'no']]));
    const change = files.change([name, other], async () => {
      for (const each of [name, other]) await files.write({ name: each, contents });
      throw refused;
    });
    await expect(change).rejects.toBe(refused);
    expect(await files.list()).toEqual([half, { ...whole, name: other }]);
  });

  test('leaves nothing under a name that has become an alias of another unit', async () => {
    const files = open();
    await expect(files.change([name], () => Promise.reject(killed))).rejects.toBe(killed);
    const owner = 'owner.service';
    await files.change([owner], () => files.write({ name: owner, contents }));
    await symlink(join(root, 'systemd', owner), join(root, 'systemd', name));
    expect(await files.list()).toEqual([{ ...whole, name: owner }]);
    await files.links.remove(await files.links.list());
    expect(await files.list()).toEqual([half, { ...whole, name: owner }]);
  });

  test('is no reason for the one that changes it to look at it twice', async () => {
    const files = open();
    await put(files);
    await files.change([name], async () => expect(await files.list()).toEqual([whole]));
  });
});

describe('an agent that is killed while it starts a unit', () => {
  const now = () => Number(process.hrtime.bigint() / 1000n);

  test('leaves to be asked for whether it was started, and since when it may be', async () => {
    const files = open();
    await put(files);
    const before = now();
    const cut = files.start(name, async () => {
      expect(await files.list()).toEqual([whole]);
      throw killed;
    });
    await expect(cut).rejects.toBe(killed);
    const [found] = await open().list();
    expect(found).toEqual({ ...whole, startingSince: expect.any(Number) });
    expect(found?.startingSince).toBeGreaterThanOrEqual(before);
    expect(found?.startingSince).toBeLessThanOrEqual(now());
  });

  test.each([
    ['it was', true],
    ['it was not', false],
  ])('is answered once: %s', async (_, started) => {
    const files = open();
    await put(files);
    await expect(files.start(name, () => Promise.reject(killed))).rejects.toBe(killed);
    await (started ? files.markStarted(name) : files.unmarkStarted(name));
    expect(await open().list()).toEqual([{ ...whole, started }]);
  });

  test('leaves nothing to be asked for when the start was noted', async () => {
    const files = open();
    await put(files);
    await files.start(name, async () => undefined);
    expect(await open().list()).toEqual([{ ...whole, started: true }]);
    // It may be killed between the note and what tells that the note is to come.
    await mkdir(join(root, 'agent', 'starting'), { recursive: true });
    await expect(files.start(name, () => Promise.reject(killed))).rejects.toBe(killed);
    expect(await open().list()).toEqual([{ ...whole, started: true }]);
  });
});
