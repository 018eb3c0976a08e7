import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { daemon, failing, job, patience, type Subject, service } from './subject.ts';

export function startContract({ get, find, until, install }: Subject): void {
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
      const seconds = Array.from({ length: 10 }, (_, at) => `second@${at}.service`);
      await get().install(
        [
          ...seconds.map((name) => ({ name, contents: `[Unit]\nAfter=first.service\n${daemon}` })),
          { name: 'first.service', contents: service('Type=oneshot\nExecStart=/bin/sleep 2') },
          { name: 'zeroth.service', contents: `[Unit]\nBefore=first.service\n${job}` },
        ],
        [],
      );
      await get().start([...seconds, 'first.service', 'zeroth.service']);
      for (const name of seconds) await until(name, { active: 'active' });
      expect(await find('first.service')).toMatchObject({ active: 'inactive', started: true });
      expect(await find('zeroth.service')).toMatchObject({ active: 'inactive', started: true });
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
}
