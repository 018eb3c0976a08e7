import { describe, expect, test } from '@jest/globals';
import { halfWritten } from '../../../src/agent/systemd/systemd.ts';
import { hashOf } from '../../../src/unit/hash.ts';
import { daemon, type Subject } from './subject.ts';

const withSection = (lines: string) => `${daemon}\n[Install]\n${lines}\n`;
const idle = { active: 'inactive', started: false };
/** Started by systemd, not by the agent. */
const pulled = { active: 'active', started: false };

export function enablingContract({ get, find, until, install, remove, run }: Subject): void {
  /** Whether starting `other` starts the unit, which is down before and after. */
  async function starts(other: string, name: string): Promise<boolean> {
    await get().start([other]);
    await until(other, { active: 'active' });
    const up = (await find(name))?.active === 'active';
    await get().stop([other, name]);
    return up;
  }

  describe('an [Install] section', () => {
    test('lets the units that it names start the unit, and nobody else', async () => {
      await install('hook.service', daemon);
      await install('hook-must.service', daemon);
      const section = withSection('WantedBy=hook.service\nRequiredBy=hook-must.service');
      await install('hooked.service', section);
      expect(await find('hooked.service')).toMatchObject({ ...idle, hash: hashOf(section), load: 'loaded' });
      expect(await starts('hook.service', 'hooked.service')).toBe(true);
      await get().start(['hook-must.service']);
      await until('hooked.service', pulled);
      await get().stop(['hook-must.service', 'hooked.service']);
    });

    test('counts of a unit that is put in place before the one it names, which may run', async () => {
      await get().install(
        [
          { name: 'prior-hooked.service', contents: withSection('WantedBy=prior.service') },
          { name: 'prior.service', contents: daemon },
        ],
        [],
      );
      expect(await starts('prior.service', 'prior-hooked.service')).toBe(true);
      await run('prior.service', daemon);
      await install('prior-late.service', withSection('WantedBy=prior.service'));
      expect(await find('prior-late.service')).toMatchObject(idle);
      await get().stop(['prior.service', 'prior-hooked.service']);
      expect(await starts('prior.service', 'prior-late.service')).toBe(true);
      await get().stop(['prior-hooked.service']);
    });

    test('counts no more when the next version has another one, or none, or the unit is gone', async () => {
      for (const name of ['hook-1.service', 'hook-2.service']) await install(name, daemon);
      await install('moved.service', withSection('WantedBy=hook-1.service'));
      await install('moved.service', withSection('WantedBy=hook-2.service'));
      expect(await starts('hook-1.service', 'moved.service')).toBe(false);
      expect(await starts('hook-2.service', 'moved.service')).toBe(true);
      await install('moved.service', daemon);
      expect(await starts('hook-2.service', 'moved.service')).toBe(false);
      await install('moved.service', withSection('WantedBy=hook-1.service'));
      await remove('moved.service');
      await install('moved.service', daemon);
      expect(await starts('hook-1.service', 'moved.service')).toBe(false);
    });

    test('lets another one enable the unit as well, and outlives it', async () => {
      await install('hook-also.service', daemon);
      await install('also.service', withSection('WantedBy=hook-also.service'));
      await install('leads.service', withSection('WantedBy=hook-also.service\nAlso=also.service'));
      await remove('leads.service');
      expect(await find('also.service')).toMatchObject({ load: 'loaded' });
      expect(await starts('hook-also.service', 'also.service')).toBe(true);
    });

    test('of an instance names others by its specifiers', async () => {
      await install('hook@7.service', daemon);
      await install('hooked@7.service', withSection('WantedBy=hook@%i.service\nAlias=hooked-too@%i.service'));
      expect(await starts('hook@7.service', 'hooked@7.service')).toBe(true);
    });

    test('that systemd refuses is the problem of its unit alone', async () => {
      const refused = get().install(
        [
          { name: 'wrong.service', contents: withSection('WantedBy=wrong') },
          { name: 'right.service', contents: daemon },
        ],
        [],
      );
      await expect(refused).rejects.toMatchObject({
        failures: new Map([['wrong.service', expect.stringContaining('wrong')]]),
      });
      expect(await find('right.service')).toMatchObject({ hash: hashOf(daemon) });
      expect(await find('wrong.service')).toMatchObject({ hash: halfWritten });
      await install('wrong.service', daemon);
      expect(await find('wrong.service')).toMatchObject({ hash: hashOf(daemon) });
    });
  });

  describe('an alias', () => {
    const named = (alias: string) => withSection(`Alias=${alias}`);
    const failsFor = (name: string, why: string) => ({
      failures: new Map([[name, expect.stringContaining(why)]]),
    });

    test('is a name of the unit, as it starts and stops', async () => {
      await run('real.service', named('called.service'));
      expect(await find('called.service')).toBeUndefined();
      expect(await find('real.service')).toMatchObject({ active: 'active', started: true });
      await get().stop(['real.service']);
      expect(await find('real.service')).toMatchObject(idle);
    });

    test('can not be the name of a unit that is here', async () => {
      await run('here.service', daemon);
      await expect(install('claims.service', named('here.service'))).rejects.toMatchObject(
        failsFor('claims.service', 'here.service'),
      );
      expect(await find('here.service')).toMatchObject({ active: 'active', hash: hashOf(daemon) });
      await remove('claims.service');
      await get().stop(['here.service']);
      await run('here.service', `${daemon}Nice=1\n`);
    });

    test('keeps a unit of its name away, and an alias, until it goes', async () => {
      await run('alias-first.service', named('alias-second.service'));
      await expect(install('alias-second.service', daemon)).rejects.toMatchObject(
        failsFor('alias-second.service', 'alias-first.service'),
      );
      await expect(install('alias-third.service', named('alias-second.service'))).rejects.toMatchObject(
        failsFor('alias-third.service', 'alias-second.service'),
      );
      expect(await find('alias-second.service')).toBeUndefined();
      expect(await find('alias-first.service')).toMatchObject({ active: 'active', started: true });
      await get().stop(['alias-first.service']);
      await get().install(
        [{ name: 'alias-second.service', contents: daemon }],
        ['alias-first.service', 'alias-third.service'],
      );
      await get().start(['alias-second.service']);
      await until('alias-second.service', { active: 'active', hash: hashOf(daemon) });
    });
  });
}
