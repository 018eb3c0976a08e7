import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { FakeMachines } from '../fake-machines.ts';
import { type Api, startApi } from './api.ts';
import { effects } from './effects.ts';
import { rest } from './rest.ts';
import { publicKey, quick } from './sample.ts';

/** The real engine, the real SDK, the plugin's double and the API, with machines in memory. */
let api: Api;
const machines = new FakeMachines();
const folder = mkdtempSync(join(tmpdir(), 'fl-do-'));
const stack = 'test';
const repository = join(import.meta.dirname, '..', '..', '..');

beforeAll(async () => {
  api = await startApi({ ...quick, machines });
  mkdirSync(join(folder, 'state'));
  cpSync(join(import.meta.dirname, 'program'), folder, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const plugin = { name: 'digitalocean', path: join(import.meta.dirname, 'plugin') };
  const project = {
    name: 'sample',
    main: 'index.ts',
    runtime: { name: 'nodejs', options: { typescript: false } },
    plugins: { providers: [plugin] },
  };
  writeFileSync(join(folder, 'Pulumi.yaml'), stringify(project));
  await pulumi('stack', 'init', stack);
  await pulumi('config', 'set', '--secret', 'digitalocean:token', api.token);
  await pulumi('config', 'set', 'digitalocean:apiEndpoint', api.url);
  await pulumi('config', 'set', 'publicKey', publicKey);
  await configure({ count: 3, generation: 1, userData: 'one' });
});

afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

async function configure(values: Readonly<Record<string, string | number>>): Promise<void> {
  for (const [key, value] of Object.entries(values)) {
    const secret = key === 'userData' ? ['--secret'] : [];
    await pulumi('config', 'set', ...secret, key, String(value));
  }
}

/** @throws with all it said when it fails */
function pulumi(...args: readonly string[]): Promise<string> {
  const environment = {
    ...process.env,
    PULUMI_BACKEND_URL: pathToFileURL(join(folder, 'state')).href,
    PULUMI_CONFIG_PASSPHRASE: '',
    TEST_CLOUD_PACE: '0.001',
  };
  const whole = args[1] === 'init' ? args : [...args, '--stack', stack];
  const child = spawn(join(repository, 'bin', 'pulumi'), [...whole, '--non-interactive'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const output = chunks.join('');
      if (code === 0) resolve(output);
      else reject(new Error(`pulumi ${args.join(' ')} ended with ${code}:\n${output}`));
    });
  });
}

/** What came and went since the last time it was asked. */
function changes(): string[] {
  const lines = api.trace.changes().map((line) => line.replace(/-[0-9a-f]{7}$/, ''));
  api.trace.clear();
  return lines;
}

const up = (...args: readonly string[]) => pulumi('up', '--yes', '--skip-preview', ...args);

test('a cluster comes, grows, shrinks, is replaced and goes', async () => {
  await pulumi('preview');
  expect(api.trace.entries).toEqual([]);

  await up();
  const first = changes();
  expect([...first].sort()).toEqual([
    'created droplet core-1',
    'created droplet core-2',
    'created droplet core-3',
    'created firewall main',
    'created key login',
    'created tag members',
    'created vpc main',
  ]);
  // What a droplet names is there before it.
  expect(first.slice(0, 3).sort()).toEqual(
    ['created key login', 'created tag members', 'created vpc main'].sort(),
  );
  expect(machines.named('core-1').spec).toMatchObject({ userData: 'one', authorizedKeys: [publicKey] });
  expect(
    readFileSync(join(folder, 'state', '.pulumi', 'stacks', 'sample', `${stack}.json`), 'utf8'),
  ).not.toContain(api.token);

  expect(await up()).toContain('unchanged');
  await up('--refresh');
  expect(changes()).toEqual([]);

  await configure({ count: 4 });
  await up();
  expect(changes()).toEqual(['created droplet core-4']);

  await configure({ count: 2, userData: 'two' });
  await up();
  expect(changes().sort()).toEqual(['deleted droplet core-3', 'deleted droplet core-4']);
  expect(machines.named('core-1').spec.userData).toBe('one');

  await configure({ generation: 2 });
  await up();
  const rolled = changes();
  expect(rolled.slice(0, 2).sort()).toEqual(['created droplet core-1', 'created droplet core-2']);
  expect(rolled.slice(2).sort()).toEqual(['deleted droplet core-1', 'deleted droplet core-2']);
  expect(machines.named('core-1').spec.userData).toBe('two');

  await pulumi('destroy', '--yes', '--skip-preview');
  expect(changes().slice(-3).sort()).toEqual([
    'deleted key login',
    'deleted tag members',
    'deleted vpc main',
  ]);
  expect(api.inventory.names()).toEqual([]);
  expect(machines.names()).toEqual([]);
  expect(api.failures).toEqual([]);
}, 300_000);

test('what fails is named, the next run goes on, and nothing is left', async () => {
  await configure({ count: 2, generation: 1, userData: 'one' });
  api.faults.add(
    { call: 'POST /v2/*', effect: effects.serverError, times: 3 },
    { call: 'POST /v2/droplets', effect: effects.capacity },
    { call: 'GET /v2/droplets/*', effect: effects.notThereYet, each: true },
  );
  const said = await up().catch(String);
  expect(said).toContain('digitalocean:index:Droplet');
  expect(said).toContain(effects.capacity.message);
  expect(api.faults.unmet()).toEqual([]);
  await up();
  expect(
    changes()
      .filter((line) => line.includes('droplet'))
      .sort(),
  ).toEqual(['created droplet core-1', 'created droplet core-2']);

  // One that is off when it should be active is kept, and the next run takes it as it is.
  api.faults.add({ machine: 'core-3', fate: 'off' });
  await configure({ count: 3 });
  expect(await up().catch(String)).toContain("unexpected state 'off', wanted target 'active'");
  await up();
  expect(changes()).toEqual(['created droplet core-3']);

  // What somebody deletes behind our back: a refresh brings it again; a destroy without one fails.
  await deleteByHand('core-2');
  await up('--refresh');
  expect(changes()).toEqual(['deleted droplet core-2', 'created droplet core-2']);
  await deleteByHand('core-2');
  const refused = await pulumi('destroy', '--yes', '--skip-preview').catch(String);
  expect(refused).toContain("unexpected state 'Not Found'");
  await pulumi('destroy', '--yes', '--skip-preview', '--refresh');
  expect(api.inventory.names()).toEqual([]);
  expect(machines.names()).toEqual([]);
}, 300_000);

async function deleteByHand(name: string): Promise<void> {
  const call = rest(api);
  const { id } = machines.named(name).spec;
  await call(`DELETE /v2/droplets/${id}`);
  while ((await call(`GET /v2/droplets/${id}`)).status !== 404) await sleep(5);
}
