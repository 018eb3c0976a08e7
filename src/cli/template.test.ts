import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

let folder: string;
let cluster: FakeCluster;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-render-'));
  cluster = new FakeCluster();
  await write('n.tmpl', 'listen {{getv "/port"}};\n');
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const render = (...words: string[]) => cluster.flotilla(['template', 'render', ...words]);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('template render --keys', () => {
  test.each([
    ['full keys', '/port: 8080\n'],
    ['maps in maps, and JSON, which is YAML as well', '{"port": 8080}'],
  ])('takes %s, and needs no cluster', async (_, text) => {
    const keys = await write('keys.yaml', text);
    const result = await render(join(folder, 'n.tmpl'), '--keys', keys);
    expect(result).toMatchObject({ status: 0, stdout: 'listen 8080;\n', stderr: '', stacks: [] });
  });

  test('takes values as they are written', async () => {
    const file = await write(
      'v.tmpl',
      '{{getv "/a/version"}} {{getv "/a/empty"}}|{{(json (getv "/a/b")).c}} {{getv "/a/flag"}}',
    );
    const keys = await write('keys.yaml', 'a:\n  version: 1.10\n  empty:\n  b: \'{"c": 1}\'\n/a/flag: yes\n');
    expect((await render(file, '--keys', keys)).stdout).toBe('1.10 |1 yes');
  });

  test('reports all that is wrong with keys', async () => {
    const keys = await write('keys.yaml', 'a: [1]\nb: {c: [2]}\n');
    const { status, stderr } = await render(join(folder, 'n.tmpl'), '--keys', keys);
    expect(status).toBe(1);
    expect(stderr).toContain('/a is a list');
    expect(stderr).toContain('/b/c is a list');
    const broken = await write('broken.yaml', 'a: "x\n');
    expect((await render(join(folder, 'n.tmpl'), '--keys', broken)).stderr).toMatch(
      /broken\.yaml:\d+:\d+: this is no YAML/,
    );
  });

  test('getenv sees this computer, and nothing is written', async () => {
    cluster.env = { WHO: 'me' };
    const file = await write('e.tmpl', '{{getenv "WHO"}} {{getenv "NONE" "nobody"}}');
    expect((await render(file, '--keys', await write('none.yaml', ''))).stdout).toBe('me nobody');
  });
});

describe('a template resource', () => {
  const resource = '[template]\nsrc = "n.tmpl"\ndest = "/etc/n.conf"\nkeys = ["/"]\nprefix = "/prod"\n';

  test.each([
    ['beside its template', 'n.toml'],
    ['as confd has it', 'conf.d/n.toml'],
  ])('%s', async (_, name) => {
    await write('templates/n.tmpl', 'listen {{getv "/port"}};\n');
    const file = await write(name, resource);
    const keys = await write('keys.yaml', '/prod/port: 80\n/test/port: 81\n');
    expect((await render(file, '--keys', keys)).stdout).toBe('listen 80;\n');
    expect((await render(file, '--keys', keys, '--prefix', '/test')).stdout).toBe('listen 81;\n');
  });

  test('says all that is wrong with it, and where it looked for its template', async () => {
    const bad = await write('bad.toml', '[template]\nsrc = "n.tmpl"\nmode = 1\n');
    const { stderr } = await render(bad, '--keys', bad);
    for (const words of ['dest is missing', 'keys is missing', 'bad.toml:3: mode is 1'])
      expect(stderr).toContain(words);
    const lost = await write('a/lost.toml', resource.replace('n.tmpl', 'lost.tmpl'));
    expect((await render(lost, '--keys', lost)).stderr).toContain(
      `expected ${join(folder, 'a/lost.tmpl')} or ${join(folder, 'templates/lost.tmpl')}`,
    );
  });
});

describe('errors', () => {
  test.each([
    ['a\n{{if true}}', '2:12: {{if}} of line 2 is not closed; expected {{end}}'],
    [
      'a\n  {{getv "/none"}}',
      '2:5: getv: there is no key /none; give a default, getv "/none" "…", or ask first with exists',
    ],
    ['{{gett "/a"}}', '1:3: there is no function gett; did you mean get?'],
  ])('%j ends with file, line and column', async (text, message) => {
    const file = await write('bad.tmpl', text);
    const result = await render(file, '--keys', await write('none.yaml', ''));
    expect(result).toMatchObject({ status: 1, stdout: '', stderr: `flotilla: ${file}:${message}\n` });
  });

  test('files that are not there are named', async () => {
    expect(await render(join(folder, 'none.tmpl'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("none.tmpl can't be read"),
    });
  });
});

describe('the cluster’s keys', () => {
  test('come from etcd, on the first machine that answers', async () => {
    cluster.output = (machine) =>
      machine === 'core-1'
        ? 'no JSON'
        : JSON.stringify({ kvs: [{ key: base64('/port'), value: base64('80') }] });
    const { stdout, programs } = await render(join(folder, 'n.tmpl'));
    expect(stdout).toBe('listen 80;\n');
    expect(programs.map((each) => each.split(':')[0])).toEqual(['core-1', 'core-2']);
    expect(programs[0]).toContain('etcdctl get --prefix -w json -- \\"$1\\""');
  });

  test('only those of the resource are asked for', async () => {
    cluster.output = () => '{}';
    const file = await write(
      'n.toml',
      '[template]\nsrc = "n.tmpl"\ndest = "/n"\nkeys = ["/a", "/b"]\nprefix = "/p"\n',
    );
    const { programs, stderr } = await render(file);
    expect(programs.map((each) => /"sh","([^"]*)"\]/.exec(each)?.[1])).toEqual(['/p/a', '/p/b']);
    expect(stderr).toContain('there is no key /port');
  });

  test('that nobody gives are an error with another way', async () => {
    cluster.exitStatus = 1;
    const { status, stderr } = await render(join(folder, 'n.tmpl'));
    expect(status).toBe(4);
    expect(stderr).toContain(
      'could not be read on core-1, core-2, worker-1; `flotilla ssh` there, or use --keys',
    );
  });
});
