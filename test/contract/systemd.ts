import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { ManagedUnit, Systemd } from '../../src/agent/systemd.ts';

const hashOf = (contents: string) => createHash('sha256').update(contents).digest('hex');
const service = (lines: string) => `[Service]\n${lines}\n`;
const daemon = service('ExecStart=/bin/sleep infinity');
const job = service('Type=oneshot\nExecStart=/bin/true');
const failing = service('ExecStart=/bin/false');

/** A unit of each type that a machine without special hardware can start, with what it needs beside it. */
const types: readonly { name: string; contents: string; sub: string; beside?: readonly string[] }[] = [
  {
    name: 'type.socket',
    contents: '[Socket]\nListenStream=/run/type.sock\n',
    sub: 'listening',
    beside: ['type.service'],
  },
  { name: 'type.timer', contents: '[Timer]\nOnActiveSec=1h\n', sub: 'waiting', beside: ['type.service'] },
  {
    name: 'type.path',
    contents: '[Path]\nPathExists=/run/never\n',
    sub: 'waiting',
    beside: ['type.service'],
  },
  { name: 'type.target', contents: '[Unit]\nDescription=Several together\n', sub: 'active' },
  { name: 'type.slice', contents: '[Slice]\nCPUWeight=50\n', sub: 'active' },
  { name: 'run-type.mount', contents: '[Mount]\nWhat=tmpfs\nWhere=/run/type\nType=tmpfs\n', sub: 'mounted' },
  {
    name: 'type@1.socket',
    contents: '[Socket]\nListenStream=/run/%i.sock\n',
    sub: 'listening',
    beside: ['type@1.service'],
  },
  { name: 'type@1.timer', contents: '[Timer]\nOnActiveSec=1h\n', sub: 'waiting', beside: ['type@1.service'] },
  { name: 'type@1.target', contents: '[Unit]\nDescription=Instance %i\n', sub: 'active' },
];

/** Types that need a device, or a kernel feature that not every machine has, to be started. */
const inert: readonly { name: string; contents: string }[] = [
  { name: 'dev-type.swap', contents: '[Swap]\nWhat=/dev/type\n' },
  { name: 'run-inert.automount', contents: '[Automount]\nWhere=/run/inert\n' },
];

/** Longer than any of these units takes on an emulated machine, in tries of a tenth of a second. */
const patience = 300;

/**
 * What every `Systemd` must do. `get` answers one that has none of these units; each test uses names of its own.
 * `lose` breaks its connection to systemd. `soon` is a time in milliseconds in which a unit is surely started.
 */
export function systemdContract(get: () => Systemd, lose: () => Promise<void>, soon = 5000): void {
  const find = async (name: string) => (await get().list()).find((unit) => unit.name === name);

  async function until(name: string, wanted: Partial<ManagedUnit>): Promise<void> {
    for (let tries = 0; tries < patience; tries++) {
      const unit = await find(name);
      if (Object.entries(wanted).every(([key, value]) => unit?.[key as keyof ManagedUnit] === value)) return;
      await sleep(100);
    }
    expect(await find(name)).toMatchObject(wanted);
  }

  const install = (name: string, contents: string) => get().install([{ name, contents }], []);
  const remove = (name: string) => get().install([], [name]);

  async function run(name: string, contents: string): Promise<void> {
    await install(name, contents);
    await get().start([name]);
    await until(name, { active: 'active' });
  }

  /** It is systemd that must have read the new file, not only the disk that must have it. */
  async function becomesFailing(name: string): Promise<void> {
    await install(name, failing);
    await get().start([name]);
    await until(name, { active: 'failed', hash: hashOf(failing) });
  }

  describe('install', () => {
    test('puts files in place and starts nothing', async () => {
      await get().install(
        [
          { name: 'put.service', contents: daemon },
          { name: 'put@1.service', contents: job },
        ],
        [],
      );
      const stopped = { load: 'loaded', active: 'inactive', sub: 'dead', result: 'success', started: false };
      const put = (name: string, contents: string) => ({
        name,
        contents,
        hash: hashOf(contents),
        ...stopped,
      });
      expect(await find('put.service')).toEqual(put('put.service', daemon));
      expect(await find('put@1.service')).toEqual(put('put@1.service', job));
    });

    test('replaces a file under a running unit, which runs on', async () => {
      await install('replaced.service', daemon);
      await get().start(['replaced.service']);
      await until('replaced.service', { active: 'active' });
      const changed = `${daemon}Nice=1\n`;
      await install('replaced.service', changed);
      const unit = await find('replaced.service');
      expect(unit).toMatchObject({ hash: hashOf(changed), active: 'active', started: false });
    });

    test('changes what is started next', async () => {
      await run('next.service', daemon);
      await get().stop(['next.service']);
      await becomesFailing('next.service');
      await get().stop(['next.service']);
      await run('next.service', daemon);
    });

    test('changes what is started next of a unit that a running one wants', async () => {
      await install('wanted.service', daemon);
      await run('wants.service', `[Unit]\nWants=wanted.service\n${daemon}`);
      await get().start(['wanted.service']);
      await get().stop(['wanted.service']);
      await becomesFailing('wanted.service');
    });

    test('brings a unit that was asked for before its file was there', async () => {
      await run('early.service', `[Unit]\nWants=late.service\nAfter=late.service\n${daemon}`);
      await run('late.service', daemon);
    });

    test('tells instances with files of their own apart', async () => {
      await run('own@1.service', daemon);
      await becomesFailing('own@2.service');
      await get().stop(['own@1.service']);
      await becomesFailing('own@1.service');
      expect(await find('own@1.service')).toMatchObject({ load: 'loaded' });
    });

    test('takes escaped names, and files in which specifiers stand', async () => {
      await run('es\\x2dcaped@a\\x20b.service', `${daemon}Environment=NAME=%i\n`);
      await get().stop(['es\\x2dcaped@a\\x20b.service']);
      await becomesFailing('es\\x2dcaped@a\\x20b.service');
    });

    test('takes files away', async () => {
      await install('gone.service', daemon);
      await remove('gone.service');
      expect(await find('gone.service')).toBeUndefined();
      await expect(get().start(['gone.service'])).rejects.toThrow('gone.service');
    });

    test('takes a file away that another unit wants, and brings it again', async () => {
      await install('lent.service', daemon);
      await run('lends.service', `[Unit]\nWants=lent.service\n${daemon}`);
      await get().start(['lent.service']);
      await get().stop(['lent.service']);
      await remove('lent.service');
      await expect(get().start(['lent.service'])).rejects.toThrow('lent.service');
      await becomesFailing('lent.service');
    });

    test('takes a failed unit away, and its failure with it', async () => {
      await becomesFailing('forgotten.service');
      await remove('forgotten.service');
      await install('forgotten.service', daemon);
      expect(await find('forgotten.service')).toMatchObject({ active: 'inactive', result: 'success' });
    });
  });

  describe('every type of unit', () => {
    for (const { name, contents, sub, beside = [] } of types)
      test(`${name}: install, start, stop, remove`, async () => {
        const others = beside.map((each) => ({ name: each, contents: daemon }));
        await get().install([...others, { name, contents }], []);
        expect(await find(name)).toMatchObject({
          load: 'loaded',
          active: 'inactive',
          hash: hashOf(contents),
        });
        await get().start([name]);
        await until(name, { active: 'active', sub, result: 'success', started: true });
        await get().stop([name]);
        expect(await find(name)).toMatchObject({ active: 'inactive', started: false });
        await get().install([], [name, ...beside]);
        expect(await find(name)).toBeUndefined();
      });

    for (const { name, contents } of inert)
      test(`${name}: install, stop, remove`, async () => {
        await install(name, contents);
        expect(await find(name)).toMatchObject({ load: 'loaded', active: 'inactive', result: 'success' });
        await get().stop([name]);
        await remove(name);
        expect(await find(name)).toBeUndefined();
      });
  });

  describe('start', () => {
    test('starts, and remembers that it did', async () => {
      await install('run.service', daemon);
      await get().start(['run.service']);
      await until('run.service', { active: 'active', sub: 'running', started: true });
    });

    test('remembers a job that finished', async () => {
      await install('job.service', job);
      await get().start(['job.service']);
      await until('job.service', { active: 'inactive', sub: 'dead', result: 'success', started: true });
    });

    test('leaves a failure to be seen, with its journal', async () => {
      await install('fails.service', failing);
      await get().start(['fails.service']);
      await until('fails.service', { active: 'failed', result: 'exit-code', started: true });
      const lines = await get().journal('fails.service', 10);
      expect(lines.join('\n')).toContain('exit-code');
      expect(await get().journal('fails.service', 1)).toEqual(lines.slice(-1));
    });

    test('starts the others when some are bad, and says which', async () => {
      const bad = ['bad-1.service', 'bad-2.service'];
      const good = ['good-1.service', 'good-2.service'];
      await get().install(
        [
          ...bad.map((name) => ({ name, contents: service('Restart=no') })),
          ...good.map((name) => ({ name, contents: daemon })),
        ],
        [],
      );
      const mixed = ['bad-1.service', 'good-1.service', 'bad-2.service', 'good-2.service'];
      await expect(get().start(mixed)).rejects.toThrow(/bad-1\.service.*bad-2\.service/);
      for (const name of good) await until(name, { active: 'active', started: true });
      for (const name of bad)
        expect(await find(name)).toMatchObject({ load: 'bad-setting', active: 'inactive', started: false });
    });

    test('leaves the order to systemd, whatever the order of the call', async () => {
      const first = service('Type=oneshot\nExecStart=/bin/sleep 2');
      await get().install(
        [
          { name: 'first.service', contents: first },
          { name: 'second.service', contents: `[Unit]\nAfter=first.service\n${daemon}` },
        ],
        [],
      );
      await get().start(['second.service', 'first.service']);
      await until('second.service', { active: 'active' });
      expect(await find('first.service')).toMatchObject({ active: 'inactive', started: true });
    });

    test('starts what units of one call need of each other, once each', async () => {
      const needs =
        '[Unit]\nRequires=needed.service\nWants=wished.service\nAfter=needed.service wished.service\n';
      const units = [
        { name: 'needs.service', contents: `${needs}${daemon}` },
        {
          name: 'needed.service',
          contents: service('Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 1'),
        },
        { name: 'wished.service', contents: daemon },
        { name: 'grouped.target', contents: '[Unit]\nWants=needs.service\nAfter=needs.service\n' },
      ];
      await get().install(units, []);
      await get().start(units.map(({ name }) => name));
      await until('grouped.target', { active: 'active' });
      for (const { name } of units) await until(name, { active: 'active', started: true });
    });

    test('takes many at once, and stop and install do', async () => {
      const names = Array.from({ length: 30 }, (_, at) => `many@${at}.service`);
      await get().install(
        names.map((name) => ({ name, contents: daemon })),
        [],
      );
      await get().start(names);
      const states = async () =>
        (await get().list()).flatMap(({ name, active }) => (names.includes(name) ? active : []));
      for (let tries = 0; tries < patience && (await states()).includes('inactive'); tries++)
        await sleep(100);
      expect(await states()).toEqual(names.map(() => 'active'));
      await get().stop(names);
      expect(await states()).toEqual(names.map(() => 'inactive'));
      await get().install([], names);
      expect(await states()).toEqual([]);
    });
  });

  describe('stop', () => {
    test('returns when the unit is down, and forgets that it was started', async () => {
      await install('stop.service', daemon);
      await get().start(['stop.service']);
      await until('stop.service', { active: 'active' });
      await get().stop(['stop.service']);
      expect(await find('stop.service')).toMatchObject({ active: 'inactive', started: false });
    });

    test('returns when a unit that does not listen was killed', async () => {
      const deaf = service('ExecStart=/bin/sleep infinity\nKillSignal=SIGCONT\nTimeoutStopSec=1');
      await run('deaf.service', deaf);
      await get().stop(['deaf.service']);
      expect(await find('deaf.service')).toMatchObject({ active: 'inactive', result: 'success' });
    });

    test('is content with a unit that is down, or was never up', async () => {
      await install('down.service', daemon);
      await get().stop(['down.service']);
      await get().stop(['down.service']);
      expect(await find('down.service')).toMatchObject({ active: 'inactive', started: false });
    });

    test('forgets a failure', async () => {
      await install('forget.service', failing);
      await get().start(['forget.service']);
      await until('forget.service', { active: 'failed' });
      await get().stop(['forget.service']);
      expect(await find('forget.service')).toMatchObject({ active: 'inactive', started: false });
    });
  });

  describe('guard', () => {
    const put = (name: string, contents: string) => get().install([{ name, contents, fenced: true }], []);

    async function goesDown(name: string): Promise<void> {
      const down = async () => ['inactive', 'failed'].includes((await find(name))?.active ?? '');
      for (let tries = 0; tries < patience && !(await down()); tries++) await sleep(100);
      expect(await down()).toBe(true);
    }

    test('stops and kills fenced units in time, no others, and lets none be started until it is called', async () => {
      const deaf = service('ExecStart=/bin/sleep infinity\nKillSignal=SIGCONT\nTimeoutStopSec=600');
      await put('fenced.service', daemon);
      await put('fenced-deaf.service', deaf);
      await put('fenced-job.service', job);
      await install('unfenced.service', daemon);
      const names = ['fenced.service', 'fenced-deaf.service', 'fenced-job.service', 'unfenced.service'];
      await get().guard(() => soon);
      await get().start(names);
      for (const name of ['fenced.service', 'fenced-deaf.service']) await until(name, { active: 'active' });
      for (const name of ['fenced.service', 'fenced-deaf.service']) {
        await goesDown(name);
        await until(name, { started: false });
      }
      await until('unfenced.service', { active: 'active', started: true });
      // What had finished before was not stopped by it.
      await until('fenced-job.service', { active: 'inactive', started: true });
      await get().start(['fenced.service']);
      await until('fenced.service', { started: true });
      expect(await find('fenced.service')).toMatchObject({ active: 'inactive' });
      await get().stop(['fenced.service']);
      await get().guard(() => 60_000);
      await get().start(['fenced.service']);
      await until('fenced.service', { active: 'active' });
      await get().stop(names);
      await get().guard(() => 0);
    });

    test('waits for as long as it is called in time', async () => {
      await put('held.service', daemon);
      await get().guard(() => soon);
      await get().start(['held.service']);
      await until('held.service', { active: 'active' });
      for (const end = Date.now() + 2 * soon; Date.now() < end; await sleep(soon / 5))
        await get().guard(() => soon);
      expect(await find('held.service')).toMatchObject({ active: 'active', started: true });
      await goesDown('held.service');
    });

    test('lets a unit alone that is fenced no longer', async () => {
      await put('freed.service', daemon);
      await install('freed.service', `${daemon}Nice=1\n`);
      await get().guard(() => 0);
      await get().start(['freed.service']);
      await until('freed.service', { active: 'active' });
      await get().stop(['freed.service']);
    });
  });

  describe('changes', () => {
    /** Counts what it yields, after it has said what was before. */
    async function follow() {
      const stop = new AbortController();
      const seen = { changes: 0, error: '' };
      const ended = (async () => {
        for await (const _ of get().changes(stop.signal)) seen.changes += 1;
      })().catch((error: Error) => {
        seen.error = error.message;
      });
      await sleep(1000);
      seen.changes = 0;
      return { stop, seen, ended };
    }

    async function eventually(condition: () => boolean): Promise<void> {
      for (let tries = 0; tries < patience && !condition(); tries++) await sleep(100);
      expect(condition()).toBe(true);
    }

    test('tells when a unit became another, and ends when it shall', async () => {
      await install('change.service', daemon);
      const { stop, seen, ended } = await follow();
      await get().start(['change.service']);
      await eventually(() => seen.changes > 0);
      stop.abort();
      await ended;
      expect(seen.error).toBe('');
    });

    test('fails when systemd is lost, and the next call finds it again', async () => {
      await run('lost.service', daemon);
      const { seen, ended } = await follow();
      await lose();
      await ended;
      expect(seen.error).not.toBe('');
      const found = async () => (await find('lost.service').catch(() => undefined))?.active;
      for (let tries = 0; tries < patience && (await found()) !== 'active'; tries++) await sleep(100);
      const again = await follow();
      await get().stop(['lost.service']);
      await eventually(() => again.seen.changes > 0);
      again.stop.abort();
      await again.ended;
    });
  });
}
