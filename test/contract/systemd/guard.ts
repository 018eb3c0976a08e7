import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { daemon, job, patience, type Subject, service } from './subject.ts';

export function guardContract({ get, find, until, install }: Subject, soon: number): void {
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
      // Whoever looks in this moment sleeps until then, also when the deadline is brought nearer, as only tests do.
      await get().guard(() => 4 * soon);
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
}
