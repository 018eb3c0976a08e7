import { beforeEach, describe, expect, test } from '@jest/globals';
import { KeyStore } from '../template/key-store.ts';
import { parseTemplate } from '../template/render.ts';
import { parseResource } from '../template/resource.ts';
import type { SyncOptions } from '../template/sync-plan.ts';
import { FakeHost } from './fake-host.ts';
import { LocalLookups } from './lookups.ts';
import { type SyncResult, syncResource } from './sync.ts';

const dest = '/etc/nginx/nginx.conf';
let host: FakeHost;
let last: SyncResult | undefined;
beforeEach(() => {
  host = new FakeHost();
  host.folders.add('/etc/nginx');
  last = undefined;
});

interface Round extends SyncOptions {
  readonly port?: string;
  readonly text?: string;
  readonly extra?: string;
}

/** One run, which remembers what the run before it left. */
async function sync({
  port,
  text = 'listen {{getv "/port"}};',
  extra = '',
  ...options
}: Round = {}): Promise<SyncResult> {
  const toml = `[template]\nsrc = "n.tmpl"\ndest = "${dest}"\nkeys = ["/"]\ncheck_cmd = "check {{.src}} for {{.dest}}"\nreload_cmd = "reload"\n`;
  last = await syncResource(
    {
      resource: parseResource('n.toml', toml + extra),
      template: parseTemplate({ file: 'n.tmpl', text }),
      keys: new KeyStore(port === undefined ? [] : [['/port', port]]),
      lookups: new LocalLookups({}),
    },
    host,
    last?.record,
    options,
  );
  return last;
}

const contents = () => host.files.get(dest)?.contents;
const did = ({ steps }: SyncResult) => steps.map((step) => step.do);
const failing = (word: string) => (command: string) => ({
  status: command.startsWith(word) ? 1 : 0,
  output: 'line 1\nbad\n',
});

describe('a file', () => {
  test('is checked before it is replaced, then reloaded, and left alone while nothing changes', async () => {
    expect(did(await sync({ port: '80' }))).toEqual(['check', 'write', 'reload']);
    expect(host.ran).toEqual([
      expect.stringMatching(`^check /etc/nginx/\\.nginx\\.conf\\.1 for ${dest}$`),
      'reload',
    ]);
    expect(host.files).toEqual(new Map([[dest, { contents: 'listen 80;', mode: 0o644, uid: 0, gid: 0 }]]));
    expect(did(await sync({ port: '80' }))).toEqual([]);
    expect(did(await sync({ port: '81' }))).toEqual(['check', 'write', 'reload']);
  });

  test('keeps its bits, or gets those of the resource, and its owner', async () => {
    host.files.set(dest, { contents: '', mode: 0o600, uid: 0, gid: 0 });
    await sync({ port: '80' });
    expect(host.files.get(dest)?.mode).toBe(0o600);
    await sync({ port: '80', extra: 'mode = "0640"\nowner = "nginx"\n' });
    expect(host.files.get(dest)).toMatchObject({ mode: 0o640, uid: 33, gid: 0 });
  });
});

describe('what fails', () => {
  test('a missing key leaves the last good file', async () => {
    await sync({ port: '80' });
    const { failure, steps } = await sync();
    expect(failure).toMatch(/^n\.tmpl:1:10: getv: there is no key \/port/);
    expect(steps).toEqual([]);
    expect(contents()).toBe('listen 80;');
  });

  test('a failed check leaves the last good file, and is made again', async () => {
    await sync({ port: '80' });
    host.end = failing('check');
    const { failure } = await sync({ port: 'x' });
    expect(failure).toMatch(/^check_cmd `check .*` ended with 1: line 1\nbad$/);
    expect(contents()).toBe('listen 80;');
    expect([...host.files.keys()]).toEqual([dest]);
    host.end = () => ({ status: 0, output: '' });
    expect(did(await sync({ port: 'x' }))).toEqual(['check', 'write', 'reload']);
  });

  test('a failed reload is tried again until it went well, with the file in place', async () => {
    host.end = failing('reload');
    expect((await sync({ port: '80' })).failure).toContain('reload_cmd `reload` ended with 1');
    expect(contents()).toBe('listen 80;');
    const again = await sync({ port: '80' });
    expect(again).toMatchObject({
      failure: expect.any(String),
      steps: [{ do: 'reload', reason: 'the last reload failed' }],
    });
    host.end = () => ({ status: 0, output: '' });
    expect(did(await sync({ port: '80' }))).toEqual(['reload']);
    expect(did(await sync({ port: '80' }))).toEqual([]);
  });

  test('a command that takes too long is told with its limit', async () => {
    host.end = (command) => ({ status: command === 'reload' ? undefined : 0, output: '' });
    const { failure } = await sync({ port: '80', extra: 'reload_cmd_timeout = "3s"\n' });
    expect(failure).toBe('reload_cmd `reload` took longer than 3 s and was ended');
  });

  test('a folder or a user that is not there is told', async () => {
    expect((await sync({ port: '80', extra: 'owner = "www"\n' })).failure).toBe(
      'there is no user www on this machine',
    );
    host.folders.clear();
    expect((await sync({ port: '80' })).failure).toBe('there is no folder /etc/nginx; make it first');
    expect(host.files.size).toBe(0);
  });
});

describe('modes', () => {
  test('noop shows what would change, and does nothing', async () => {
    await sync({ port: '80' });
    host.ran.length = 0;
    const { diff, steps } = await sync({ port: '81', text: 'listen {{getv "/port"}};\n', noop: true });
    expect(diff).toBe('its contents differ\n@@ -1,1 +1,1 @@\n-listen 80; \\ no line end\n+listen 81;\n');
    expect(steps).toEqual([]);
    expect((await sync({ port: '80', noop: true })).diff).toBe('');
    expect([contents(), host.ran]).toEqual(['listen 80;', []]);
  });

  test('syncOnly writes and runs nothing', async () => {
    expect(did(await sync({ port: '80', syncOnly: true }))).toEqual(['write']);
    expect(host.ran).toEqual([]);
  });
});
