import { expect, test } from '@jest/globals';
import type { Placement } from '../../src/model/placement.ts';
import { readClusterState } from '../../src/store/cluster-state.ts';
import {
  encodeMachine,
  encodePlacement,
  encodeUnit,
  machineKey,
  placementKey,
  unitKey,
} from '../../src/store/keys.ts';
import {
  fencedUnitsLiveOnce,
  startsHaveImages,
  startsHaveOrders,
  stopsHaveOrders,
  stopsHaveReasons,
} from './agent-invariants.ts';
import {
  blindnessIsNotDeath,
  type EngineWrite,
  onlyTheLeaderWrites,
  placedOnceUnlessGlobal,
  placementsKeepConstraints,
  removalsHaveCauses,
} from './engine-invariants.ts';
import { needsIn } from './needs.ts';
import { unitFile } from './plan.ts';
import { chosenKeysAreOfServices, servicesAreOfReadyUnits } from './rest-invariants.ts';

const hash = 'a'.repeat(64);
const conflicting = 'b'.repeat(64);
const files = new Map([
  [hash, unitFile('ExecStart=/bin/true')],
  [conflicting, unitFile('ExecStart=/bin/true', ['Conflicts=a.service'])],
]);
const machine = (id: string) => ({
  id,
  name: `core-${id}`,
  address: `10.0.0.${id}`,
  metadata: {},
  capacity: { cpus: 1, memory: 1024 },
  version: '1',
  bootId: '',
});
const place = (unit: string, machineId: string, file = hash): Placement => {
  return { unit, machineId, hash: file, targetState: 'launched', reason: 'least loaded' };
};

/** A write by core-1, leader for long, of what is given; the cluster before it has `placed` on machines 1 and 2. */
function write(placed: readonly Placement[], more: Partial<EngineWrite>, machines = ['1', '2']): EngineWrite {
  const entries = [
    ...machines.map((id) => [machineKey(id), encodeMachine(machine(id))] as const),
    ...placed.map((it) => [placementKey(it.machineId, it.unit), encodePlacement(it)] as const),
    ...placed.map((it) => [unitKey(it.unit), encodeUnit({ name: it.unit, ...it })] as const),
  ];
  const view = readClusterState(new Map(entries.map(([key, value]) => [key, { value, revision: 1n }])), 1n);
  const known = { view, needsOf: needsIn(files), leaderFor: 100, missingFor: new Map<string, number>() };
  return { writer: { id: '1', name: 'core-1' }, leader: '1', put: [], removed: [], ...known, ...more };
}

test('writes of others than the leader are found', () => {
  expect(onlyTheLeaderWrites(write([], {}))).toBeUndefined();
  expect(onlyTheLeaderWrites(write([], { leader: '2' }))).toContain("leader's key was held by 2");
});

test('broken constraints are found', () => {
  const placed = [place('a.service', '1')];
  const next = (id: string) => write(placed, { put: [place('b.service', id, conflicting)] });
  expect(placementsKeepConstraints(next('2'))).toBeUndefined();
  expect(placementsKeepConstraints(next('1'))).toContain('b.service conflicts with a.service on core-1');
  expect(placementsKeepConstraints(next('3'))).toContain('knew to be missing');
  expect(placedOnceUnlessGlobal(write(placed, { put: [place('a.service', '2')] }))).toContain(
    'on 2 machines',
  );
});

test('removals without a cause are found', () => {
  const removed = [{ unit: 'a.service', machineId: '1' }];
  const placed = [place('a.service', '1')];
  expect(removalsHaveCauses(write(placed, { removed }))).toContain(
    'took a.service from core-1 without a cause',
  );
  expect(removalsHaveCauses(write(placed, { removed }, ['2']))).toBeUndefined();
  expect(removalsHaveCauses(write([...placed, place('a.service', '2')], { removed }))).toBeUndefined();
  const put = [place('b.service', '1', conflicting)];
  expect(removalsHaveCauses(write(placed, { removed, put }))).toBeUndefined();
});

test.each([
  [{ leaderFor: 1 }, 'after only 1 s as leader'],
  [{ missingFor: new Map([['2', 1]]) }, 'was missing for only 1 s'],
  [{ missingFor: new Map([['2', 20]]) }, undefined],
])('a machine that is given up too soon is found: %j', (more, finding) => {
  const removed = [{ unit: 'a.service', machineId: '2' }];
  const found = blindnessIsNotDeath(write([place('a.service', '2')], { removed, ...more }, ['1']));
  if (finding === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(finding);
});

test('most machines that are given up too soon are found', () => {
  const placed = [place('a.service', '2'), place('b.service', '3')];
  const missingFor = new Map([...'23'].map((id) => [id, 20]));
  const removed = [{ unit: 'a.service', machineId: '2' }];
  expect(blindnessIsNotDeath(write(placed, { removed, missingFor }, ['1']))).toContain(
    'most machines vanished',
  );
});

test('starts without an image are found', () => {
  const start = { machine: 'core-1', name: 'a.service', images: ['app:1'] };
  expect(startsHaveImages({ ...start, there: new Map([['app:1', 'sha256:1']]) })).toBeUndefined();
  expect(startsHaveImages({ ...start, there: new Map() })).toBe('core-1 started a.service without app:1');
});

const unit = {
  name: 'a.service',
  hash,
  contents: '',
  load: 'loaded',
  active: 'active',
  sub: 'running',
  result: 'success',
  started: true,
};
const order = new Map([['a.service', place('a.service', '1')]]);

test('stops that nobody asked for are found', () => {
  const stop = { machine: 'core-1', unit, orders: [order], fenced: false, leaseAge: 60 };
  expect(stopsHaveOrders(stop)).toContain('nobody had asked for');
  expect(stopsHaveOrders({ ...stop, fenced: true })).toBeUndefined();
  expect(stopsHaveOrders({ ...stop, orders: [order, new Map()] })).toBeUndefined();
  expect(stopsHaveOrders({ ...stop, unit: { ...unit, hash: conflicting } })).toBeUndefined();
  expect(stopsHaveOrders({ ...stop, unit: { ...unit, active: 'failed' } })).toBeUndefined();
});

test('stops without a reason in the log are found', () => {
  const stop = { machine: 'core-1', unit: 'a.service' };
  expect(stopsHaveReasons({ ...stop, log: ['stop b.service: not placed here any more'] })).toContain(
    'no reason',
  );
  expect(stopsHaveReasons({ ...stop, log: ['stop a.service: not placed here any more'] })).toBeUndefined();
});

test('starts that nobody asked for, and second ones, are found', () => {
  const start = { machine: 'core-1', name: 'a.service', unit: { ...unit, started: false }, orders: [order] };
  expect(startsHaveOrders(start)).toBeUndefined();
  expect(startsHaveOrders({ ...start, unit })).toContain('a second time');
  expect(startsHaveOrders({ ...start, orders: [] })).toContain('nobody had asked for');
});

test('two live copies of a fenced unit are found', () => {
  expect(fencedUnitsLiveOnce({ unit: 'a.service', live: ['core-1'] })).toBeUndefined();
  expect(fencedUnitsLiveOnce({ unit: 'a.service', live: ['core-1', 'core-2'] })).toContain(
    'core-1 and core-2',
  );
});

test('services of what is not ready, and ready units that are not found, are found out', () => {
  const offering = {
    ...unit,
    contents: unitFile('ExecStart=/bin/true', [], ['Service=app', 'Port=80']),
  };
  const registration = { unit: 'a.service', machine: 'core-1', address: '10.0.0.1', port: 80 };
  const { view } = write([place('a.service', '1')], {});
  const rest = (units: readonly (typeof unit)[], services: readonly string[], drain = false) => ({
    cluster: {
      ...view,
      cordons: new Map([['1', { drain, reason: '' }]]),
      registrations: services.map((service) => ({ ...registration, service, machineId: '1' })),
    },
    machines: [{ id: '1', name: 'core-1', units }],
    chosen: new Map<string, string>(),
  });
  expect(servicesAreOfReadyUnits(rest([offering], ['app']))).toBeUndefined();
  expect(servicesAreOfReadyUnits(rest([offering], ['app'], true))).toBeUndefined();
  expect(servicesAreOfReadyUnits(rest([offering], []))).toBe(
    'app of a.service at 80 on core-1 is ready and not found',
  );
  expect(servicesAreOfReadyUnits(rest([offering], ['app', 'db']))).toContain('db of a.service at 80');
  expect(servicesAreOfReadyUnits(rest([{ ...offering, active: 'failed' }], ['app']))).toBe(
    'app of a.service at 80 on core-1 is found, and nothing offers it',
  );
  expect(servicesAreOfReadyUnits(rest([{ ...offering, hash: conflicting }], ['app']))).toContain('is found');
  const global = { ...offering, contents: `${offering.contents}[X-Fleet]\nGlobal=true\n` };
  expect(servicesAreOfReadyUnits(rest([global], ['app']))).toBeUndefined();
  expect(servicesAreOfReadyUnits(rest([global], [], true))).toBeUndefined();
});

test('chosen keys without a service, and services without their chosen key, are found out', () => {
  const { view } = write([], {});
  const registration = { service: 'app', unit: 'a.service', machineId: '1', machine: 'core-1' };
  const at = { ...registration, address: '10.0.0.1', port: 80 };
  const rest = (key: string | undefined, chosen: Readonly<Record<string, string>>) => ({
    cluster: { ...view, registrations: [key === undefined ? at : { ...at, key }] },
    machines: [],
    chosen: new Map(Object.entries(chosen)),
  });
  expect(chosenKeysAreOfServices(rest(undefined, {}))).toBeUndefined();
  expect(chosenKeysAreOfServices(rest('/app/a', { '/app/a': '10.0.0.1:80' }))).toBeUndefined();
  expect(chosenKeysAreOfServices(rest('/app/a', {}))).toContain('/app/a is undefined');
  expect(chosenKeysAreOfServices(rest('/app/a', { '/app/a': '10.0.0.9:80' }))).toContain('10.0.0.9:80');
  expect(chosenKeysAreOfServices(rest(undefined, { '/app/b': 'x' }))).toContain('offered is undefined');
});
