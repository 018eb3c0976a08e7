import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

const cluster = new FakeCluster();
let folder: string;
const write = (name: string, text: string) => writeFile(join(folder, name), text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-verify-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('verify reports every problem, without a cluster', async () => {
  await write('good@.service', '[Service]\nExecStart=/bin/true\n');
  await write('bad.service', '[Service]\nExecStart=/bin/true\n[X-Fleet]\nConflict=a\nGlobal=perhaps\n');
  const good = await cluster.flotilla(['verify', join(folder, 'good@*')]);
  expect(good).toMatchObject({ status: 0, stdout: `${join(folder, 'good@.service')}: ok\n`, stacks: [] });
  const bad = await cluster.flotilla(['verify', join(folder, '{good@,bad}.service')]);
  expect(bad).toMatchObject({ status: 1, stdout: '' });
  expect(bad.stderr.match(/bad\.service:\d+: /g)).toHaveLength(2);
  expect((await cluster.flotilla('verify nowhere.service')).stderr).toBe(
    'flotilla: there is no file nowhere.service; give the path of a unit file, like units/hello/hello.service\n',
  );
});

test('verify reads the templates beside a unit', async () => {
  await write('web.service', '[Service]\nExecStart=/bin/true\n[X-Flotilla]\nTemplate=web.toml\n');
  const verify = () => cluster.flotilla(['verify', join(folder, 'web.service')]);
  expect((await verify()).stderr).toContain('web.service: Template=web.toml is no file here');
  await write('web.toml', '[template]\nsrc = "web.tmpl"\ndest = "/etc/web"\nkeys = ["/web"]\n');
  await write('web.tmpl', 'a\n{{gtv "/web/x"}}\n');
  expect((await verify()).stderr).toMatch(/web\.tmpl:2:3: .*gtv/);
  await write('web.tmpl', '{{getv "/web/x"}}\n');
  expect(await verify()).toMatchObject({ status: 0 });
});

test('version', async () => {
  expect(await cluster.flotilla('version')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^flotilla version \d+\.\d+\.\d+\n$/),
    stacks: [],
  });
  const [verb, option] = [await cluster.flotilla('version'), await cluster.flotilla('--version')];
  expect(option.stdout).toBe(verb.stdout);
});
