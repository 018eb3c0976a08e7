import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FileState } from '../template/sync-plan.ts';
import { FakeHost } from './fake-host.ts';
import type { Host } from './host.ts';
import { LocalHost } from './local-host.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-host-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Not even root can give it: it is more than 32 bits. */
const impossibleId = 2 ** 32 + 1;
const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const file = (contents: string, mode = 0o640): FileState => ({ contents, mode, ...ids });

function fakeHost(): FakeHost {
  const host = new FakeHost();
  host.folders.add(folder);
  return host;
}

/** What both hosts do. */
describe.each<[string, () => Host]>([
  ['FakeHost', fakeHost],
  ['LocalHost', () => new LocalHost()],
])('%s', (name, make) => {
  test('puts a staged file in place, with its bits, and leaves nothing beside it', async () => {
    const host = make();
    const dest = join(folder, `${name}.conf`);
    expect(await host.read(dest)).toBeUndefined();
    for (const contents of ['one\n', 'two é\n']) {
      const staged = await host.stage(dest, file(contents));
      expect(staged).not.toBe(dest);
      expect(await host.read(staged)).toEqual(file(contents));
      await host.replace(staged, dest);
      expect(await host.read(dest)).toEqual(file(contents));
      expect(await host.read(staged)).toBeUndefined();
    }
  });

  test('forgets a staged file, also twice', async () => {
    const host = make();
    const staged = await host.stage(join(folder, 'x.conf'), file('x'));
    await host.discard(staged);
    await host.discard(staged);
    expect(await host.read(staged)).toBeUndefined();
  });

  test('says which folder, user or group is not there', async () => {
    const host = make();
    const missing = join(folder, 'none/x.conf');
    await expect(host.stage(missing, file('x'))).rejects.toThrow(
      `there is no folder ${join(folder, 'none')}; make it first`,
    );
    await expect(host.resolve({ owner: 'no-such-one', group: undefined })).rejects.toThrow(
      'there is no user no-such-one',
    );
    await expect(host.resolve({ owner: undefined, group: 'no-such-one' })).rejects.toThrow(
      'there is no group no-such-one',
    );
    expect(await host.resolve({ owner: 'root', group: 7 })).toEqual({ uid: 0, gid: 7 });
  });
});

describe('LocalHost', () => {
  const host = new LocalHost();

  test('tells how a command ended, and what it said', async () => {
    expect(await host.run('echo out; echo err >&2; exit 3', 10)).toEqual({ status: 3, output: 'out\nerr\n' });
    expect((await host.run('kill -9 $$', 10)).status).not.toBe(0);
  });

  test('ends a command that takes too long, with what it started', async () => {
    const mark = join(folder, 'late');
    expect((await host.run(`(sleep 1; touch ${mark}) & sleep 30`, 0.2)).status).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(existsSync(mark)).toBe(false);
  });

  test('does not wait for what a command leaves running', async () => {
    const start = performance.now();
    expect((await host.run('sleep 5 & echo $!', 30)).status).toBe(0);
    expect(performance.now() - start).toBeLessThan(4000);
  });

  test('replaces a link by the file, and what the link led to stays', async () => {
    await mkdir(join(folder, 'real'), { recursive: true });
    const [target, link] = [join(folder, 'real/t'), join(folder, 'link')];
    await host.replace(await host.stage(target, file('target')), target);
    await symlink(target, link);
    await host.replace(await host.stage(link, file('new')), link);
    expect(await readFile(target, 'utf8')).toBe('target');
    expect(await readFile(link, 'utf8')).toBe('new');
    expect(await readdir(join(folder, 'real'))).toEqual(['t']);
  });
});

test('leaves nothing beside a file whose owner it may not give', async () => {
  const before = await readdir(folder);
  await expect(
    new LocalHost().stage(join(folder, 'owner.conf'), { ...file('x'), uid: impossibleId }),
  ).rejects.toThrow();
  expect(await readdir(folder)).toEqual(before);
});
