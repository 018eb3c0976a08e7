import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { ManagedUnit, Systemd } from '../../src/agent/systemd.ts';

const hashOf = (contents: string) => createHash('sha256').update(contents).digest('hex');
const service = (lines: string) => `[Service]\n${lines}\n`;
const daemon = service('ExecStart=/bin/sleep infinity');
const job = service('Type=oneshot\nExecStart=/bin/true');
const failing = service('ExecStart=/bin/false');

/** What every `Systemd` must do. `get` answers one that has none of these units; each test uses names of its own. */
export function systemdContract(get: () => Systemd): void {
  const find = async (name: string) => (await get().list()).find((unit) => unit.name === name);

  async function until(name: string, wanted: Partial<ManagedUnit>): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const unit = await find(name);
      if (Object.entries(wanted).every(([key, value]) => unit?.[key as keyof ManagedUnit] === value)) return;
      await sleep(100);
    }
    expect(await find(name)).toMatchObject(wanted);
  }

  const install = (name: string, contents: string) => get().install([{ name, contents }], []);

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
      expect(await find('put.service')).toEqual({ name: 'put.service', hash: hashOf(daemon), ...stopped });
      expect(await find('put@1.service')).toEqual({ name: 'put@1.service', hash: hashOf(job), ...stopped });
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

    test('takes files away', async () => {
      await install('gone.service', daemon);
      await get().install([], ['gone.service']);
      expect(await find('gone.service')).toBeUndefined();
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

    test('starts the others when one is bad, and says which', async () => {
      await get().install(
        [
          { name: 'bad.service', contents: service('Restart=no') },
          { name: 'good.service', contents: daemon },
        ],
        [],
      );
      await expect(get().start(['bad.service', 'good.service'])).rejects.toThrow('bad.service');
      await until('good.service', { active: 'active', started: true });
      expect(await find('bad.service')).toMatchObject({ load: 'bad-setting', started: false });
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

    test('forgets a failure', async () => {
      await install('forget.service', failing);
      await get().start(['forget.service']);
      await until('forget.service', { active: 'failed' });
      await get().stop(['forget.service']);
      expect(await find('forget.service')).toMatchObject({ active: 'inactive', started: false });
    });
  });

  test('changes tells when a unit became another', async () => {
    await install('change.service', daemon);
    const stop = new AbortController();
    const changes = get().changes(stop.signal)[Symbol.asyncIterator]();
    const first = changes.next();
    await sleep(500);
    await get().start(['change.service']);
    expect(await first).toMatchObject({ done: false });
    const last = changes.next();
    stop.abort();
    await last;
    expect(await changes.next()).toMatchObject({ done: true });
  });
}
