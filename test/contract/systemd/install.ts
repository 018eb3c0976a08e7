import { describe, expect, test } from '@jest/globals';
import { hashOf } from '../../../src/unit/hash.ts';
import { daemon, job, type Subject } from './subject.ts';

export function installContract({ get, find, until, install, remove, run, becomesFailing }: Subject): void {
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
}
