import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Run, succeeded } from '../cluster/run.ts';
import { createStack, type Stack } from '../cluster/stack.ts';
import { type Api, startApi } from './digitalocean/api.ts';
import { quick } from './digitalocean/sample.ts';
import { FakeMachines } from './fake-machines.ts';

/** `npm run up` with the real engine, and machines in memory: in which order they come and go, and how many there are. */
let api: Api;
let stack: Stack;

beforeAll(async () => {
  api = await startApi({ ...quick, machines: new FakeMachines() });
  stack = createStack(
    'surge',
    {},
    { DIGITALOCEAN_TOKEN: api.token, DIGITALOCEAN_API_URL: api.url, TEST_CLOUD_PACE: '0.001' },
  );
  stack.addPlugin('digitalocean', 'test/cloud/digitalocean/plugin');
  stack.setMain(join('test', 'cloud', 'fault-table', 'program.ts'));
});

afterAll(async () => {
  stack.remove();
  await api.close();
});

function configure(worker: Readonly<Record<string, unknown>>): void {
  stack.configure({
    platform: 'digitalocean',
    digitalocean: { region: 'fra1', sshFrom: ['192.0.2.0/24'] },
    machines: { core: { count: 1, etcd: true }, worker },
  });
}

/** What became of the group since the last time it was asked, and the most of its machines at any moment. */
function course(before: number): { changes: string[]; most: number } {
  const changes = api.trace.changes().filter((line) => line.includes('droplet worker'));
  api.trace.clear();
  let [now, most] = [before, before];
  for (const line of changes) {
    now += line.startsWith('created') ? 1 : -1;
    most = Math.max(most, now);
  }
  return { changes, most };
}

const succeed = async (run: Promise<Run>): Promise<string> => (await succeeded(run)).output;

const replaced = (...names: string[]) =>
  names.flatMap((name) => [`created droplet ${name}`, `deleted droplet ${name}`]);

test('a new generation of a group with surge: 1 takes one machine after the other', async () => {
  configure({ count: 3, surge: 1 });
  await succeed(stack.up());
  expect(course(0).changes.sort()).toEqual([1, 2, 3].map((index) => `created droplet worker-${index}`));

  configure({ count: 3, surge: 1, generation: 2 });
  expect(await succeed(stack.up())).toContain(
    'worker: worker-1 is replaced in this run, one machine at a time; 2 of the group are left then',
  );
  expect(course(3)).toEqual({ changes: replaced('worker-1', 'worker-2', 'worker-3'), most: 4 });
}, 300_000);

test('a run of pulumi takes one turn, and one that fails none', async () => {
  configure({ count: 3, surge: 1, generation: 3 });
  api.faults.add({ call: 'POST /v2/droplets', effect: { answer: 422, message: 'no' } });
  const { status } = await stack.pulumi(['up', '--yes', '--skip-preview']);
  expect([status, course(3)]).toEqual([1, { changes: [], most: 3 }]);

  await succeed(stack.pulumi(['up', '--yes', '--skip-preview']));
  expect(course(3)).toEqual({ changes: replaced('worker-1'), most: 4 });

  // One leaves besides: it goes first, and only then is there room for one more.
  configure({ count: 2, surge: 1, generation: 3 });
  await succeed(stack.up());
  expect(course(3)).toEqual({ changes: ['deleted droplet worker-3', ...replaced('worker-2')], most: 3 });

  await succeed(stack.pulumi(['destroy', '--yes', '--skip-preview']));
  expect(api.inventory.names()).toEqual([]);
  expect(api.failures).toEqual([]);
}, 300_000);
