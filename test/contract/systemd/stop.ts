import { describe, expect, test } from '@jest/globals';
import { daemon, failing, type Subject, service } from './subject.ts';

export function stopContract({ get, find, until, install, run }: Subject): void {
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
}
