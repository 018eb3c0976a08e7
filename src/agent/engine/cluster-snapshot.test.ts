import { describe, expect, test } from '@jest/globals';
import type { Placement } from '../../model/placement.ts';
import { sampleMachine } from '../../scheduler/sample.ts';
import { sampleLines } from '../../scheduler/sample-lines.ts';
import { type ClusterState, readClusterState } from '../../store/cluster-state.ts';
import {
  cordonKey,
  encodeAddress,
  encodeCordon,
  encodeMachine,
  encodePlacement,
  encodeStatus,
  encodeUnit,
  fileKey,
  machineKey,
  memberKey,
  placementKey,
  statusKey,
  unitKey,
} from '../../store/keys.ts';
import { hashOf } from '../../unit/hash.ts';
import { snapshotOf } from './cluster-snapshot.ts';

const [core1, core2, core3] = [sampleMachine(1), sampleMachine(2), sampleMachine(3)];
const none = new Set<string>();
const nobody = { held: none, awaited: none, answering: none };
const core2Held = { held: new Set([core2.id]), awaited: new Set([core2.id]), answering: none };
const local = '[Service]\nExecStart=/bin/sleep inf\n';
const global = `${local}[X-Fleet]\nGlobal=true\nConflicts=other.service\n`;

/** The keys of a cluster, put together piece by piece. */
class Sample {
  readonly #entries = new Map<string, string>();

  constructor(...machines: (typeof core1)[]) {
    for (const machine of machines) this.put(machineKey(machine.id), encodeMachine(machine));
  }

  put(key: string, value: string): this {
    this.#entries.set(key, value);
    return this;
  }

  unit(name: string, contents: string): this {
    this.put(fileKey(hashOf(contents)), contents);
    return this.put(unitKey(name), encodeUnit({ name, hash: hashOf(contents), targetState: 'launched' }));
  }

  placed(unit: string, machineId: string, contents: string): this {
    this.put(fileKey(hashOf(contents)), contents);
    const placement: Placement = {
      ...{ unit, machineId, reason: '' },
      ...{ hash: hashOf(contents), targetState: 'launched' },
    };
    return this.put(placementKey(machineId, unit), encodePlacement(placement));
  }

  says(unit: string, machineId: string, active: string, contents: string): this {
    const state = { load: 'loaded', active, sub: active === 'active' ? 'running' : 'dead' };
    const status = { unit, machineId, hash: hashOf(contents), ...state };
    return this.put(statusKey(machineId, unit), encodeStatus(status));
  }

  get cluster(): ClusterState {
    return readClusterState(
      new Map([...this.#entries].map(([key, value]) => [key, { value, revision: 1n }])),
      1n,
    );
  }
}

const pairs = (placements: readonly Placement[]) =>
  placements.map(({ unit, machineId }) => `${unit} ${machineId === core1.id ? 'core-1' : 'core-2'}`);

describe('snapshotOf', () => {
  test('leaves out what is on a machine that may be back, and keeps global units there', () => {
    const { cluster } = new Sample(core1)
      .unit('a.service', local)
      .placed('a.service', core2.id, local)
      .unit('g.service', global)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global);
    const held = snapshotOf(cluster, core2Held);
    expect(held.units.map(({ name }) => name)).toEqual(['g.service']);
    expect(pairs(held.placements)).toEqual(['g.service core-1']);
    expect([...held.untouchable]).toEqual(['a.service']);
    expect(pairs(snapshotOf(cluster, nobody).placements)).toEqual([
      'a.service core-2',
      'g.service core-1',
      'g.service core-2',
    ]);
  });

  test('a fenced unit may leave a machine that only answers', () => {
    const fenced = `${local}[X-Flotilla]\nFence=stop\n`;
    const { cluster } = new Sample(core1)
      .unit('a.service', local)
      .placed('a.service', core2.id, local)
      .unit('f.service', fenced)
      .placed('f.service', core2.id, fenced);
    const answers = { ...core2Held, answering: new Set([core2.id]) };
    expect([...snapshotOf(cluster, answers).untouchable]).toEqual(['a.service']);
    expect(pairs(snapshotOf(cluster, answers).placements)).toEqual(['f.service core-2']);
    expect([...snapshotOf(cluster, core2Held).untouchable]).toEqual(['a.service', 'f.service']);
  });

  test('what was destroyed may be taken from a machine that may be back', () => {
    const { cluster } = new Sample(core1).placed('a.service', core2.id, local);
    expect(pairs(snapshotOf(cluster, core2Held).placements)).toEqual(['a.service core-2']);
  });

  test('an untouchable unit counts, as it is now, on the machines that are there', () => {
    const { cluster } = new Sample(core1)
      .unit('g.service', local)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global);
    const { units, placements, untouchable } = snapshotOf(cluster, core2Held);
    expect([...untouchable]).toEqual(['g.service']);
    expect(units).toMatchObject([
      { name: 'g.service', hash: hashOf(global), requirements: { conflicts: ['other.service'] } },
    ]);
    expect(pairs(placements)).toEqual(['g.service core-1']);
  });

  test('who comes to exclude an untouchable unit makes way, though it was global', () => {
    const { cluster } = new Sample(core1)
      .unit('g.service', local)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global)
      .unit('a.service', `${local}[X-Fleet]\nConflicts=g.service\n`)
      .placed('a.service', core1.id, local);
    expect(sampleLines(snapshotOf(cluster, core2Held))).toEqual([
      '- a.service core-1: conflicts with g.service on core-1',
      '? a.service: conflicts with g.service on core-1',
    ]);
  });

  test('an untouchable unit that runs in two versions excludes what either does', () => {
    const { cluster } = new Sample(core1, core3)
      .unit('g.service', local)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global)
      .placed('g.service', core3.id, `${local}[X-Fleet]\nGlobal=true\n`)
      .unit('other.service', local);
    const { units } = snapshotOf(cluster, core2Held);
    expect(units.find(({ name }) => name === 'g.service')?.requirements.conflicts).toEqual(['other.service']);
  });

  test('a unit whose entry or file can’t be read is untouchable', () => {
    const sample = new Sample(core1).unit('a.service', local).put(unitKey('b.service'), '{}');
    sample.put(unitKey('c.service'), encodeUnit({ name: '', hash: 'f'.repeat(64), targetState: 'launched' }));
    expect([...snapshotOf(sample.cluster, nobody).untouchable]).toEqual(['b.service', 'c.service']);
  });

  test('cordons and drains', () => {
    const sample = new Sample(core1, core2)
      .put(cordonKey(core1.id), encodeCordon({ drain: false, reason: '' }))
      .put(cordonKey(core2.id), encodeCordon({ drain: true, reason: '' }));
    const { cordoned, draining } = snapshotOf(sample.cluster, nobody);
    expect([cordoned, draining]).toEqual([new Set([core1.id, core2.id]), new Set([core2.id])]);
  });

  test('a machine that is drained by force is none to the scheduler, and its units are lost there', () => {
    const sample = new Sample(core1, core2)
      .unit('g.service', global)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global)
      .put(cordonKey(core2.id), encodeCordon({ drain: true, reason: 'gone', force: true }));
    const snapshot = snapshotOf(sample.cluster, nobody);
    expect(snapshot.machines.map(({ id }) => id)).toEqual([core1.id]);
    expect(sampleLines(snapshot)).toEqual(['- g.service core-2: machine 00000002 is gone']);
  });

  test('global units of a machine that is missing wait for it, unless the stack names it no more', () => {
    const awaited = { held: none, awaited: new Set([core2.id]), answering: none };
    const sample = new Sample(core1)
      .unit('g.service', global)
      .placed('g.service', core1.id, global)
      .placed('g.service', core2.id, global)
      .put(memberKey(core1.id), encodeAddress(core1))
      .put(memberKey(core2.id), encodeAddress(core2));
    expect(pairs(snapshotOf(sample.cluster, awaited).placements)).toEqual(['g.service core-1']);
    const without = new Sample(core1)
      .unit('g.service', global)
      .placed('g.service', core2.id, global)
      .put(memberKey(core1.id), encodeAddress(core1));
    expect(pairs(snapshotOf(without.cluster, awaited).placements)).toEqual(['g.service core-2']);
  });

  test.each([
    ['nothing is said of it', undefined, local, true],
    ['it is active', 'active', local, false],
    ['it is not active', 'activating', local, true],
    ['an older version is active', 'active', `${local}Nice=5\n`, true],
  ])('is unready or not when %s', (_, active, contents, unready) => {
    const sample = new Sample(core1).unit('a.service', local).placed('a.service', core1.id, local);
    if (active !== undefined) sample.says('a.service', core1.id, active, contents);
    expect(snapshotOf(sample.cluster, nobody).unready?.has('a.service')).toBe(unready);
  });
});
