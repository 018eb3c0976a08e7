import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually, follow } from './follow.ts';
import { daemon, patience, type Subject } from './subject.ts';

interface Events {
  readonly lose: () => Promise<void>;
  readonly restartForeign: () => Promise<void>;
}

export function changesContract(
  { get, find, until, install, remove, run }: Subject,
  { lose, restartForeign }: Events,
): void {
  describe('changes', () => {
    test('tells when a unit became another, and ends when it shall', async () => {
      await install('change.service', daemon);
      const { stop, seen, ended } = await follow(get());
      await get().start(['change.service']);
      await eventually(() => seen.changes > 0);
      stop.abort();
      await ended;
      expect(seen.error).toBe('');
    });

    test('tells of our units only, whichever came or went before', async () => {
      await run('ours.service', daemon);
      await install('ours-once.service', daemon);
      await remove('ours-once.service');
      await until('ours.service', { active: 'active' });
      const { stop, seen, ended } = await follow(get());
      await restartForeign();
      await sleep(1000);
      expect(seen.changes).toBe(0);
      await get().stop(['ours.service']);
      await eventually(() => seen.changes > 0);
      stop.abort();
      await ended;
    });

    test('fails when systemd is lost, and the next call finds it again', async () => {
      await run('lost.service', daemon);
      const { seen, ended } = await follow(get());
      await lose();
      await ended;
      expect(seen.error).not.toBe('');
      const found = async () => (await find('lost.service').catch(() => undefined))?.active;
      for (let tries = 0; tries < patience && (await found()) !== 'active'; tries++) await sleep(100);
      const again = await follow(get());
      await get().stop(['lost.service']);
      await eventually(() => again.seen.changes > 0);
      again.stop.abort();
      await again.ended;
    });
  });
}
