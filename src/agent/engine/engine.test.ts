import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sampleStatus } from '../../scheduler/rollout-sample.ts';
import { sampleMachine, samplePlacement } from '../../scheduler/sample.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { FakeClock } from '../../store/fake-clock.ts';
import {
  encodeMachine,
  encodePlacement,
  encodeStatus,
  encodeUnit,
  fileKey,
  machineKey,
  placementKey,
  statusKey,
  unitKey,
} from '../../store/keys.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { Operation } from '../../store/store.ts';
import { operationsInBatches } from '../../store/transaction.ts';
import { hashOf } from '../../unit/hash.ts';
import { runEngine } from './engine.ts';
import type { Leadership } from './leader.ts';

/* Clusters of which one look gives more than etcd takes in one request. Their units have long names. */

const [old, fresh] = ['1', '2'].map((version) => `[Service]\nExecStart=/bin/sleep ${version}\n`) as [
  string,
  string,
];
const templates = Array.from({ length: 50 }, (_, at) => `${`a${at}`.padEnd(200, 'x')}@.service`);
const units = templates.flatMap((template) =>
  Array.from({ length: 60 }, (_, at) => template.replace('@', `@${at}`)),
);
const machine = sampleMachine(1);

let clock: FakeClock;
let store: MemoryStore;
let stop: AbortController;
let engine: Promise<void>;

beforeEach(async () => {
  clock = new FakeClock();
  store = new MemoryStore(clock);
  stop = new AbortController();
  await write([
    { put: machineKey(machine.id), value: encodeMachine(machine) },
    ...[old, fresh].map((contents) => ({ put: fileKey(hashOf(contents)), value: contents })),
    ...units.map((name) => {
      const unit = { name, hash: hashOf(fresh), targetState: 'launched' } as const;
      return { put: unitKey(name), value: encodeUnit(unit) };
    }),
  ]);
});

afterEach(async () => {
  stop.abort();
  await clock.advance(1000);
  await engine;
});

async function write(operations: readonly Operation[]): Promise<void> {
  for (const success of operationsInBatches(operations)) await store.transact({ compare: [], success });
}

async function run(): Promise<void> {
  const leadership: Leadership = {
    since: clock.now(),
    signal: stop.signal,
    write: async (success, compare = []) => (await store.transact({ compare, success })).revision,
  };
  const log = () => undefined;
  engine = runEngine({ store, clock, log, sessionSince: clock.now() }, leadership);
  await clock.advance(1000);
}

async function place(hash: string): Promise<void> {
  await write(
    units.flatMap((unit) => [
      { put: placementKey(machine.id, unit), value: encodePlacement(samplePlacement(unit, 1, hash)) },
      { put: statusKey(machine.id, unit), value: encodeStatus(sampleStatus(unit, 1, hash)) },
    ]),
  );
}

test('all units are placed', async () => {
  await run();
  expect((await readCluster(store)).placements).toHaveLength(units.length);
});

test('all units are taken away, with reasons', async () => {
  await place(hashOf(fresh));
  await write(units.map((name) => ({ delete: unitKey(name) })));
  await run();
  expect((await readCluster(store)).placements).toEqual([]);
});

test('all templates roll', async () => {
  await place(hashOf(old));
  await run();
  const { rollouts, placements } = await readCluster(store);
  expect(rollouts).toHaveLength(templates.length);
  expect(placements.filter(({ hash }) => hash === hashOf(fresh))).toHaveLength(templates.length);
});
