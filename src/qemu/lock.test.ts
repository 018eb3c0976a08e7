import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { withLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { log: () => undefined, purpose: 'a test' };

/** Processes that have the file open. */
function holders(file: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      return open.includes(file);
    } catch {
      return false;
    }
  });
}

test('one after another', async () => {
  const file = join(folder, 'turns');
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await sleep(50);
    seen.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => withLock(file, options, work(name))));
  const order = seen.filter((_, index) => index % 2 === 0).map((line) => line.split(' ')[0]);
  expect(seen).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test('a wait that is given up leaves no process behind', async () => {
  const file = join(folder, 'given-up');
  await withLock(file, options, async () => {
    const before = holders(file);
    const stop = new AbortController();
    const waiting = withLock(file, { ...options, signal: stop.signal }, () => Promise.resolve());
    await sleep(200);
    expect(holders(file).length).toBeGreaterThan(before.length);
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await sleep(100);
    expect(holders(file)).toEqual(before);
  });
});

test('whoever waited for a file that was removed meanwhile locks its successor', async () => {
  const file = join(folder, 'removed');
  let second: Promise<boolean> | undefined;
  await withLock(file, options, async () => {
    second = withLock(file, options, async () => existsSync(file));
    await sleep(200);
    rmSync(file);
  });
  expect(await second).toBe(true);
});

test('a lock that another process keeps is not waited for for ever, and the way to find it is named', async () => {
  const file = join(folder, 'kept');
  await withLock(file, options, async () => {
    const waiting = withLock(file, { ...options, deadline: 300 }, () => Promise.resolve());
    await expect(waiting).rejects.toThrow(
      `a test: another process has held ${file} for 0.005 min; see which: fuser -v ${file}`,
    );
  });
});

test('a file that cannot be made says why', async () => {
  const file = join(folder, 'nowhere', 'lock');
  await expect(withLock(file, options, () => Promise.resolve())).rejects.toThrow(
    /can't lock .*: .*cannot create .*; see that this user may write in .*nowhere$/,
  );
});
