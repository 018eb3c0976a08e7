import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../store/fake-clock.ts';
import { KeyStore } from '../template/key-store.ts';
import { parseTemplate } from '../template/render.ts';
import { parseResource } from '../template/resource.ts';
import { FakeHost } from './fake-host.ts';
import { LocalLookups } from './lookups.ts';
import { ResourceLoop } from './resource-loop.ts';
import { SharedRuns } from './shared-runs.ts';
import type { SyncResult } from './sync.ts';

let host: FakeHost;
let clock: FakeClock;
let results: SyncResult[];
beforeEach(() => {
  host = new FakeHost();
  host.folders.add('/etc');
  clock = new FakeClock();
  results = [];
});

function loopFor(
  name: string,
  settings = '',
  on: FakeHost | SharedRuns = host,
  record?: SyncResult['record'],
): ResourceLoop {
  const toml = `[template]\nsrc = "t"\ndest = "/etc/${name}"\nkeys = ["/"]\nreload_cmd = "reload"\n${settings}`;
  return new ResourceLoop({
    resource: parseResource('t.toml', toml),
    template: parseTemplate({ file: 't.tmpl', text: '{{getv "/v"}}' }),
    ...{ host: on, clock, record, lookups: new LocalLookups({}), onResult: (result) => results.push(result) },
  });
}

const keys = (value?: string) => new KeyStore(value === undefined ? [] : [['/v', value]]);
const contents = (name = 'a') => host.files.get(`/etc/${name}`)?.contents;
const failing = () => ({ status: 1, output: '' });
const fine = () => ({ status: 0, output: '' });

describe('ResourceLoop', () => {
  test('writes what keys say, and reloads once for each change', async () => {
    const loop = loopFor('a');
    loop.keysChanged(keys('1'));
    await clock.advance(0);
    expect([contents(), host.ran]).toEqual(['1', ['reload']]);
    loop.keysChanged(keys('1'));
    await clock.advance(0);
    expect(host.ran).toEqual(['reload']);
    await loop.stop();
  });

  test('waits until keys rest, but not for ever', async () => {
    const loop = loopFor('a', 'debounce = "1s"\n');
    for (let at = 0; at < 5; at += 1) {
      loop.keysChanged(keys(String(at)));
      await clock.advance(900);
    }
    expect(contents()).toBeUndefined();
    await clock.advance(100);
    expect([contents(), host.ran.length]).toEqual(['4', 1]);
    for (let at = 0; at < 12; at += 1) {
      loop.keysChanged(keys(`restless ${at}`));
      await clock.advance(900);
    }
    expect(contents()).toMatch(/^restless/);
    await loop.stop();
  });

  test('tries a failed reload again with growing pauses, and a changed key at once', async () => {
    host.end = failing;
    const loop = loopFor('a');
    loop.keysChanged(keys('1'));
    await clock.advance(0);
    for (const [pause, runs] of [
      [749, 1],
      [1, 2],
      [1499, 2],
      [1, 3],
      [3000, 4],
    ] as const) {
      await clock.advance(pause);
      expect(host.ran.length).toBe(runs);
    }
    loop.keysChanged(keys('2'));
    await clock.advance(0);
    expect([contents(), host.ran.length]).toEqual(['2', 5]);
    host.end = fine;
    await clock.advance(1000);
    expect(results.at(-1)).toMatchObject({ steps: [{ do: 'reload', reason: 'the last reload failed' }] });
    expect(results.at(-1)?.failure).toBeUndefined();
    await loop.stop();
  });

  test('keeps the last good file while a key is missing, and goes on when it is back', async () => {
    const loop = loopFor('a');
    loop.keysChanged(keys('1'));
    await clock.advance(0);
    loop.keysChanged(keys());
    await clock.advance(0);
    expect(contents()).toBe('1');
    expect(results.at(-1)?.failure).toContain('there is no key /v');
    loop.keysChanged(keys('2'));
    await clock.advance(0);
    expect(contents()).toBe('2');
    await loop.stop();
  });

  test('puts right what somebody changed, though no key did', async () => {
    const loop = loopFor('a');
    loop.keysChanged(keys('1'));
    await clock.advance(0);
    host.files.set('/etc/a', { contents: 'by hand', mode: 0o644, uid: 0, gid: 0 });
    await clock.advance(600_000);
    expect([contents(), host.ran.length]).toEqual(['1', 2]);
    await loop.stop();
  });

  test('what changes during a run is one more run after it', async () => {
    const loop = loopFor('a');
    let changes = 3;
    host.end = () => {
      if (changes > 0) for (; changes > 0; changes -= 1) loop.keysChanged(keys(`during ${changes}`));
      return fine();
    };
    loop.keysChanged(keys('first'));
    await clock.advance(10);
    expect([contents(), host.ran.length]).toEqual(['during 1', 2]);
    await loop.stop();
  });

  test('a loop that starts over knows which reload is due', async () => {
    host.end = failing;
    const before = loopFor('a');
    before.keysChanged(keys('1'));
    await clock.advance(0);
    await before.stop();
    await clock.advance(100_000);
    expect(host.ran.length).toBe(1);
    host.end = fine;
    const after = loopFor('a', '', host, results.at(-1)?.record);
    after.keysChanged(keys('1'));
    await clock.advance(0);
    expect(host.ran.length).toBe(2);
    await after.stop();
  });

  test('what the host can not do is a failure, and is tried again', async () => {
    host.read = async () => {
      throw new Error('EIO: i/o error');
    };
    const loop = loopFor('a');
    loop.keysChanged(keys('1'));
    await clock.advance(1000);
    expect(results.map(({ failure }) => failure)).toEqual(['EIO: i/o error', 'EIO: i/o error']);
    await loop.stop();
  });
});

describe('SharedRuns', () => {
  test('files that change together are reloaded together', async () => {
    const shared = new SharedRuns(host, clock);
    const loops = ['a', 'b', 'c'].map((name) => loopFor(name, '', shared));
    for (const loop of loops) loop.keysChanged(keys('1'));
    await clock.advance(100);
    expect([contents('a'), contents('c'), host.ran]).toEqual(['1', '1', ['reload']]);
    for (const loop of loops) await loop.stop();
    expect(results.every(({ failure }) => failure === undefined)).toBe(true);
  });

  test('a failure is everybody’s, and other commands are runs of their own', async () => {
    host.end = (command) => ({ status: command === 'a' ? 1 : 0, output: '' });
    const shared = new SharedRuns(host, clock);
    const runs = [shared.run('a', 1), shared.run('b', 1), shared.run('a', 1)];
    await clock.advance(100);
    expect((await Promise.all(runs)).map(({ status }) => status)).toEqual([1, 0, 1]);
    expect(host.ran.sort()).toEqual(['a', 'b']);
  });

  test('what is asked for while it runs, runs again after it', async () => {
    let finish: () => void = () => undefined;
    let running = 0;
    host.run = async (command) => {
      running += 1;
      expect(running).toBe(1);
      host.ran.push(command);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      running -= 1;
      return fine();
    };
    const shared = new SharedRuns(host, clock);
    const first = shared.run('a', 1);
    await clock.advance(100);
    const second = shared.run('a', 1);
    await clock.advance(1000);
    expect(host.ran).toEqual(['a']);
    finish();
    await first;
    await clock.advance(0);
    expect(host.ran).toEqual(['a', 'a']);
    finish();
    expect(await second).toEqual(fine());
  });
});
