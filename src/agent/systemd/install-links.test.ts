import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { InstallLinks } from './install-links.ts';

let root: string;
let links: InstallLinks;
const systemd = (...path: string[]) => join(root, 'systemd', ...path);
const file = (name: string) => join(root, 'units', name);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flotilla-links-'));
  links = new InstallLinks(join(root, 'units'), systemd());
});
afterEach(() => rm(root, { recursive: true }));

test('there are none without the folder', async () => {
  expect(await links.list()).toEqual([]);
});

test('finds what leads to a unit as each systemd writes it, and takes away that alone', async () => {
  await mkdir(systemd('hello.service.wants'), { recursive: true });
  await mkdir(systemd('hello.service.requires'));
  await mkdir(systemd('a.service.d'));
  await writeFile(systemd('a.service.d', 'some.conf'), '');
  await writeFile(systemd('made.service'), '');
  await symlink(file('a.service'), systemd('a.service'));
  await symlink(file('a.service'), systemd('as-252.service'));
  await symlink(systemd('a.service'), systemd('as-257.service'));
  await symlink('a.service', systemd('relative.service'));
  await symlink('/dev/null', systemd('masked.service'));
  await symlink(file('a.service'), systemd('hello.service.wants', 'a.service'));
  await symlink('../a.service', systemd('hello.service.requires', 'a.service'));
  await symlink('/usr/lib/systemd/system/cron.service', systemd('hello.service.wants', 'cron.service'));
  const found = await links.list();
  const alias = (name: string) => ({ path: systemd(name), unit: 'a.service', alias: name });
  expect(found).toEqual([
    ...['as-252.service', 'as-257.service', 'relative.service'].map(alias),
    { path: systemd('hello.service.requires', 'a.service'), unit: 'a.service' },
    { path: systemd('hello.service.wants', 'a.service'), unit: 'a.service' },
  ]);
  await links.remove(found);
  expect(await links.list()).toEqual([]);
  expect(await readdir(systemd('hello.service.wants'))).toEqual(['cron.service']);
  const left = ['a.service', 'a.service.d', 'hello.service.wants', 'made.service', 'masked.service'];
  expect((await readdir(systemd())).sort()).toEqual(left);
});
