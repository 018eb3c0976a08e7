import { describe, expect, test } from '@jest/globals';
import { daemon, type Subject, service } from './subject.ts';

export function reloadContract({ get, find, until, install, run }: Subject): void {
  describe('reload', () => {
    test('leaves a unit that can reload running, and one that can’t comes back', async () => {
      const reloading = service('ExecStart=/bin/sleep infinity\nExecReload=/bin/true');
      await run('reload-can.service', reloading);
      await run('reload-cannot.service', daemon);
      await get().reload(['reload-can.service', 'reload-cannot.service']);
      for (const name of ['reload-can.service', 'reload-cannot.service'])
        await until(name, { active: 'active', sub: 'running', started: true });
    });

    test('starts nothing that is down', async () => {
      await install('reload-down.service', daemon);
      await get().reload(['reload-down.service']);
      expect(await find('reload-down.service')).toMatchObject({ active: 'inactive', started: false });
    });
  });
}
