import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAgent } from '../src/agent/agent.ts';
import { applyChange, parseChange } from '../src/agent/api/change.ts';
import { FakeImageHost } from '../src/agent/image/fake-image-host.ts';
import { FakeSystemd } from '../src/agent/systemd/fake-systemd.ts';
import type { ChangeRequest } from '../src/model/api.ts';
import type { UnitStatus } from '../src/model/status.ts';
import type { Tls } from '../src/store/channel.ts';
import { systemClock } from '../src/store/clock.ts';
import { readCluster } from '../src/store/cluster-state.ts';
import { EtcdStore } from '../src/store/etcd.ts';
import { type Parsed, parseStatus, prefixes } from '../src/store/keys.ts';
import { type MirrorView, mirror } from '../src/store/mirror.ts';
import { writeCertificates } from '../test/contract/certificates.ts';
import { startEtcdCluster } from '../test/contract/etcd-process.ts';
import type { Log, Report } from './benchmark.ts';
import { atLeast, exactly } from './figures.ts';
import { since } from './runs.ts';

type Put = ChangeRequest['put'][number];

const machineCount = 30;
/** Machines with etcd: only their agents may lead. */
const engines = 3;
const unitCount = 3000;
/** Units in one change, as `flotilla start` of so many files sends them. */
const batch = 500;

/** Seconds until the benchmark gives up. */
const limit = 300;

/** Each is placed where it may be; instances come so many to a template that all find a machine. */
const kinds: readonly ((i: number) => Omit<Put, 'targetState'>)[] = [
  (i) => unit(`plain-${i}.service`, `Environment=N=${i}`),
  (i) => unit(`heavy-${i}.service`, `Environment=N=${i}\n[X-Flotilla]\nWeight=${1 + (i % 7)}`),
  (i) => unit(`web${Math.floor(i / 100)}@${i}.service`, '[X-Fleet]\nConflicts=%p@*.service'),
  (i) => unit(`db-${i}.service`, `Environment=N=${i}\n[X-Fleet]\nMachineMetadata=disk=ssd`),
  (i) => unit(`api${Math.floor(i / 100)}@${i}.service`, '[X-Flotilla]\nSpread=zone\nMaxPerMachine=2'),
];

const units = Array.from({ length: unitCount }, (_, i): Put => {
  const known = kinds[i % kinds.length]?.(i) ?? unit(`${i}.service`, '');
  return { ...known, targetState: 'launched' };
});

/**
 * The whole way of a unit: submitted, decided, fetched, started, reported. Everything but etcd is in one process, so
 * that the engine, all agents and who submits share one core; machines would not.
 */
export async function placements(report: Report, log: Log) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-placements-'));
  const files = await writeCertificates(join(folder, 'pki'));
  const tls = { ca: text(files.ca), cert: text(files.cert), key: text(files.key) };
  const members = await startEtcdCluster(3, files);
  const endpoints = members.map(({ endpoint }) => endpoint);
  const stop = new AbortController();
  const store = new EtcdStore({ endpoints, tls });
  const agents = Array.from({ length: machineCount }, (_, at) => startAgent(at, endpoints, tls, stop.signal));
  try {
    await until(async () => (await readCluster(store)).machines.length === machineCount);
    log(`${machineCount} agents on ${members.length} members of etcd; submitting ${unitCount} units`);
    const seconds = await secondsUntilActive(store, log);
    report(
      `through etcd, ${machineCount} agents, ${unitCount} units: placements per second`,
      atLeast(unitCount / seconds, 300, '/s'),
    );
    report(
      'through etcd: units decided for and active on exactly one machine',
      exactly(await onOneMachine(store), unitCount, 'units'),
    );
  } finally {
    stop.abort();
    await Promise.all(agents);
    await store.close();
    await Promise.all(members.map((member) => member.remove()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function text(file: string): string {
  return readFileSync(file, 'utf8');
}

function unit(name: string, more: string) {
  return { name, contents: `[Service]\nExecStart=/bin/sleep infinity\n${more}\n` };
}

/** One machine of the cluster, until `signal` aborts. Each asks a member of its own first, as real ones do. */
async function startAgent(
  at: number,
  endpoints: readonly string[],
  tls: Tls,
  signal: AbortSignal,
): Promise<void> {
  const first = at % endpoints.length;
  const store = new EtcdStore({ endpoints: [...endpoints.slice(first), ...endpoints.slice(0, first)], tls });
  const machine = {
    id: String(at + 1).padStart(32, '0'),
    name: `machine-${at + 1}`,
    address: `10.0.0.${at + 1}`,
    metadata: { zone: `z${at % 5}`, disk: at % 3 === 0 ? 'hdd' : 'ssd' },
    capacity: { cpus: 2, memory: 4096 },
    version: 'bench',
    bootId: 'bench',
  };
  const clock = systemClock;
  const candidate = at < engines;
  const log = () => undefined;
  const [systemd, imageHost] = [new FakeSystemd(), new FakeImageHost(machine.id, new Map())];
  await runAgent({ store, systemd, clock, log, machine, candidate, imageHost }, signal);
  await store.close();
}

/** Submits all units and follows what the agents say of them. */
async function secondsUntilActive(store: EtcdStore, log: (line: string) => void): Promise<number> {
  const states = followStates(store);
  const start = performance.now();
  for (let at = 0; at < unitCount; at += batch) {
    await applyChange(store, parseChange({ put: units.slice(at, at + batch), destroy: [] }));
    log(`${at + batch} units submitted after ${since(start).toFixed(2)} s, ${states.count()} reported`);
  }
  await until(async () => states.count() >= unitCount && states.active().length >= unitCount);
  const seconds = since(start);
  await states.end();
  return seconds;
}

/** What agents say of units, as it changes. */
function followStates(store: EtcdStore) {
  const stop = new AbortController();
  let entries: MirrorView['entries'] = new Map();
  const onChange = (view: MirrorView) => {
    entries = view.entries;
  };
  const watched = { store, prefix: prefixes.status, clock: systemClock, log: () => undefined, onChange };
  const following = mirror(watched, stop.signal);
  return {
    count: () => entries.size,
    active: () => [...entries].filter(([key, { value }]) => isActive(parseStatus(key, value))),
    async end() {
      stop.abort();
      await following;
    },
  };
}

function isActive(status: Parsed<UnitStatus>): boolean {
  return 'value' in status && status.value.active === 'active';
}

/** Units that were decided for one machine, and that this one and no other reports as active. */
async function onOneMachine(store: EtcdStore): Promise<number> {
  const { units: known, placements: decided, statuses } = await readCluster(store);
  const placed = machinesByUnit(decided);
  const active = machinesByUnit(statuses.filter(({ active }) => active === 'active'));
  return known.filter(({ name }) => {
    const [there = [], said = []] = [placed.get(name), active.get(name)];
    return there.length === 1 && said.length === 1 && there[0] === said[0];
  }).length;
}

function machinesByUnit(pairs: readonly { readonly unit: string; readonly machineId: string }[]) {
  const machines = new Map<string, string[]>();
  for (const { unit, machineId } of pairs) machines.set(unit, [...(machines.get(unit) ?? []), machineId]);
  return machines;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await condition())) {
    if (since(start) > limit) throw new Error(`still not so after ${limit} s: ${condition}`);
    await sleep(50);
  }
}
