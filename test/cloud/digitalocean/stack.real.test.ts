import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FakeMachines } from '../fake-machines.ts';
import { publicKey } from '../public-key.ts';
import { TestStack } from '../test-stack.ts';
import { type Api, startApi } from './api.ts';
import { effects } from './effects.ts';
import { rest } from './rest.ts';
import { quick } from './sample.ts';

/** The real engine, the real SDK, the plugin's double and the API, with machines in memory. */
let api: Api;
const machines = new FakeMachines();
const stack = new TestStack('digitalocean');

beforeAll(async () => {
  api = await startApi({ ...quick, machines });
  await stack.init();
  await stack.configureSecret({ 'digitalocean:token': api.token, userData: 'one' });
  await stack.configure({ 'digitalocean:apiEndpoint': api.url, publicKey, count: 3, generation: 1 });
});

afterAll(async () => {
  await api.close();
  stack.remove();
});

/** What came and went since the last time it was asked. */
function changes(): string[] {
  const lines = api.trace.changes().map((line) => line.replace(/-[0-9a-f]{7}$/, ''));
  api.trace.clear();
  return lines;
}

test('a cluster comes, grows, shrinks, is replaced and goes', async () => {
  await stack.run('preview');
  expect(api.trace.entries).toEqual([]);

  await stack.up();
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
  expect(stack.state()).not.toContain(api.token);

  expect(await stack.up()).toContain('unchanged');
  await stack.up('--refresh');
  expect(changes()).toEqual([]);

  await stack.configure({ count: 4 });
  await stack.up();
  expect(changes()).toEqual(['created droplet core-4']);

  await stack.configure({ count: 2 });
  await stack.configureSecret({ userData: 'two' });
  await stack.up();
  expect(changes().sort()).toEqual(['deleted droplet core-3', 'deleted droplet core-4']);
  expect(machines.named('core-1').spec.userData).toBe('one');

  await stack.configure({ generation: 2 });
  await stack.up();
  const rolled = changes();
  expect(rolled.slice(0, 2).sort()).toEqual(['created droplet core-1', 'created droplet core-2']);
  expect(rolled.slice(2).sort()).toEqual(['deleted droplet core-1', 'deleted droplet core-2']);
  expect(machines.named('core-1').spec.userData).toBe('two');

  await stack.destroy();
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
  await stack.configure({ count: 2, generation: 1 });
  await stack.configureSecret({ userData: 'one' });
  api.faults.add(
    { call: 'POST /v2/*', effect: effects.serverError, times: 3 },
    { call: 'POST /v2/droplets', effect: effects.capacity },
    { call: 'GET /v2/droplets/*', effect: effects.notThereYet, each: true },
  );
  const said = await stack.up().catch(String);
  expect(said).toContain('digitalocean:index:Droplet');
  expect(said).toContain(effects.capacity.message);
  expect(api.faults.unmet()).toEqual([]);
  await stack.up();
  expect(
    changes()
      .filter((line) => line.includes('droplet'))
      .sort(),
  ).toEqual(['created droplet core-1', 'created droplet core-2']);

  // One that is off when it should be active is kept, and the next run takes it as it is.
  api.faults.add({ machine: 'core-3', fate: 'off' });
  await stack.configure({ count: 3 });
  expect(await stack.up().catch(String)).toContain("unexpected state 'off', wanted target 'active'");
  await stack.up();
  expect(changes()).toEqual(['created droplet core-3']);

  // What somebody deletes behind our back: a refresh brings it again; a destroy without one fails.
  await deleteByHand('core-2');
  await stack.up('--refresh');
  expect(changes()).toEqual(['deleted droplet core-2', 'created droplet core-2']);
  await deleteByHand('core-2');
  const refused = await stack.destroy().catch(String);
  expect(refused).toContain("unexpected state 'Not Found'");
  await stack.destroy('--refresh');
  expect(api.inventory.names()).toEqual([]);
  expect(machines.names()).toEqual([]);
}, 300_000);

async function deleteByHand(name: string): Promise<void> {
  const call = rest(api);
  const { id } = machines.named(name).spec;
  await call(`DELETE /v2/droplets/${id}`);
  while ((await call(`GET /v2/droplets/${id}`)).status !== 404) await sleep(5);
}
