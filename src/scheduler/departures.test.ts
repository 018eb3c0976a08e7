import { describe, expect, test } from '@jest/globals';
import { applied, sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { sampleLines } from './sample-lines.ts';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

const three = [sampleMachine(1, { disk: 'ssd' }), sampleMachine(2), sampleMachine(3)];
const ids = (...numbers: number[]) => new Set(numbers.map((number) => sampleMachine(number).id));
const on = (machine: number, ...units: string[]) => units.map((unit) => samplePlacement(unit, machine));
const cluster = (units: Snapshot['units'], placements: Snapshot['placements'], more: Partial<Snapshot>) => ({
  ...{ machines: three, units, placements },
  ...more,
});
const lines = (...of: Parameters<typeof cluster>) => sampleLines(cluster(...of));

describe('a cordoned machine', () => {
  test('keeps what it has, changed or not, and gets nothing', () => {
    const units = [sampleUnit('a.service', '', 'v2'), sampleUnit('b.service'), sampleUnit('c.service')];
    expect(lines(units, on(1, 'a.service'), { cordoned: ids(1, 2) })).toEqual([
      '+ a.service core-1: unit file changed',
      '+ b.service core-3: least loaded (0 units)',
      '+ c.service core-3: least loaded (1 unit)',
    ]);
  });

  test('keeps its global units and gets no new ones', () => {
    const units = [sampleUnit('g.service', 'Global=true'), sampleUnit('h.service', 'Global=true')];
    expect(lines(units, on(1, 'g.service'), { cordoned: ids(1, 2) })).toEqual([
      '+ g.service core-3: global: on every machine that fits',
      '+ h.service core-3: global: on every machine that fits',
    ]);
  });

  test('is named where a unit waits for it', () => {
    const units = [
      sampleUnit('a.service', 'MachineMetadata=disk=ssd'),
      sampleUnit('b.service', 'MachineID=00000001'),
    ];
    expect(lines(units, [], { cordoned: ids(1) })).toEqual([
      '? a.service: core-1 is cordoned; no metadata disk=ssd on core-2, core-3',
      '? b.service: core-1 is cordoned',
    ]);
    expect(lines([sampleUnit('c.service')], [], { cordoned: ids(1, 2), draining: ids(3) })).toEqual([
      '? c.service: core-1, core-2 are cordoned; core-3 is draining',
    ]);
  });
});

describe('a draining machine', () => {
  test('gives its units to others, with those that must be with them', () => {
    const units = [sampleUnit('main.service'), sampleUnit('side.service', 'MachineOf=main.service')];
    expect(lines(units, on(1, 'main.service', 'side.service'), { draining: ids(1) })).toEqual([
      '- main.service core-1: core-1 is draining',
      '- side.service core-1: core-1 is draining',
      '+ main.service core-2: core-1 is draining; least loaded (0 units)',
      '+ side.service core-2: core-1 is draining; with main.service (MachineOf)',
    ]);
  });

  test('keeps what fits nowhere else, and says why', () => {
    const units = [
      sampleUnit('a.service', 'MachineMetadata=disk=ssd'),
      sampleUnit('b.service', 'MachineID=00000001'),
      sampleUnit('main.service'),
      sampleUnit('side.service', 'MachineOf=main.service\nMachineMetadata=disk=ssd'),
      sampleUnit('x.service', 'Conflicts=y*.service'),
      ...['y2.service', 'y3.service'].map((name) => sampleUnit(name)),
    ];
    const placements = [
      ...on(1, 'a.service', 'b.service', 'main.service', 'side.service', 'x.service'),
      ...[...on(2, 'y2.service'), ...on(3, 'y3.service')],
    ];
    expect(lines(units, placements, { draining: ids(1) })).toEqual([
      '! a.service core-1: core-1 is draining; no other machine has metadata disk=ssd',
      '! b.service core-1: core-1 is draining; no other machine has id 00000001',
      '! main.service core-1: core-1 is draining; no other machine takes main.service, side.service together',
      '! side.service core-1: core-1 is draining; no other machine takes main.service, side.service together',
      '! x.service core-1: core-1 is draining; conflicts with y2.service on core-2, y3.service on core-3',
    ]);
  });

  test('of the only machine nothing can leave, and global units stay', () => {
    const units = [sampleUnit('a.service'), sampleUnit('g.service', 'Global=true')];
    const machines = three.slice(0, 1);
    expect(lines(units, on(1, 'a.service', 'g.service'), { machines, draining: ids(1) })).toEqual([
      '! a.service core-1: core-1 is draining; there is no other machine',
    ]);
  });

  test('pushes no other unit away', () => {
    const units = [sampleUnit('a.service', 'Replaces=b.service'), sampleUnit('b.service')];
    const machines = three.slice(0, 2);
    expect(
      lines(units, [...on(1, 'a.service'), ...on(2, 'b.service')], { machines, draining: ids(1) }),
    ).toEqual(['! a.service core-1: core-1 is draining; would push away b.service on core-2']);
  });

  test('gives at most MaxUnavailable instances of a template at a time', () => {
    const units = [1, 2, 3].map((i) => sampleUnit(`web@${i}.service`));
    const snapshot = cluster(units, on(1, ...units.map(({ name }) => name)), { draining: ids(1) });
    const waits = 'core-1 is draining; waits for other instances of web@.service (MaxUnavailable=1)';
    expect(sampleLines(snapshot)).toEqual([
      '- web@1.service core-1: core-1 is draining',
      '+ web@1.service core-2: core-1 is draining; fewest instances of web@.service (0), least loaded (0 units)',
      `! web@2.service core-1: ${waits}`,
      `! web@3.service core-1: ${waits}`,
    ]);
    const next = applied(snapshot, schedule(snapshot));
    const starting = { ...next, unready: new Set(['web@1.service']) };
    expect(schedule(starting).decisions).toEqual([]);
    expect(schedule(next).decisions.map((it) => (it.type === 'remove' ? it.unit : ''))).toContain(
      'web@2.service',
    );
  });

  test('an instance that is down anyway leaves at once', () => {
    const units = [1, 2].map((i) => sampleUnit(`web@${i}.service`));
    const placements = on(1, 'web@1.service', 'web@2.service');
    expect(lines(units, placements, { draining: ids(1), unready: new Set(['web@2.service']) })).toEqual([
      '- web@2.service core-1: core-1 is draining',
      '+ web@2.service core-2: core-1 is draining; fewest instances of web@.service (0), least loaded (0 units)',
      '! web@1.service core-1: core-1 is draining; waits for other instances of web@.service (MaxUnavailable=1)',
    ]);
  });

  test('an instance that has only just begun to work keeps the others where they are, and goes alone', () => {
    const units = [1, 2, 3].map((i) => sampleUnit(`web@${i}.service`));
    const placements = on(1, ...units.map(({ name }) => name));
    const moves = (...settling: string[]) =>
      schedule(
        cluster(units, placements, { draining: ids(1), settling: new Set(settling) }),
      ).decisions.flatMap((it) => (it.type === 'remove' ? it.unit : []));
    expect(moves()).toEqual(['web@1.service']);
    expect(moves('web@2.service')).toEqual(['web@2.service']);
    expect(moves('web@2.service', 'web@3.service')).toEqual([]);
  });
});

describe('a unit that failed', () => {
  const failed = (...numbers: number[]) => ({ avoid: new Map([['a.service', ids(...numbers)]]) });

  test('leaves for another machine, with what must be with it', () => {
    const units = [sampleUnit('a.service'), sampleUnit('side.service', 'MachineOf=a.service')];
    expect(lines(units, on(1, 'a.service', 'side.service'), failed(1, 2))).toEqual([
      '- a.service core-1: failed on core-1',
      '- side.service core-1: failed on core-1',
      '+ a.service core-3: failed on core-1; least loaded (0 units)',
      '+ side.service core-3: failed on core-1; with a.service (MachineOf)',
    ]);
  });

  test('stays when it failed everywhere, or nothing else fits', () => {
    expect(lines([sampleUnit('a.service')], on(1, 'a.service'), failed(1, 2, 3))).toEqual([
      '! a.service core-1: failed on core-1; core-2, core-3 are where it failed',
    ]);
    const bound = sampleUnit('a.service', 'MachineMetadata=disk=ssd');
    expect(lines([bound], on(1, 'a.service'), failed(1))).toEqual([
      '! a.service core-1: failed on core-1; no other machine has metadata disk=ssd',
    ]);
  });

  test('without a machine it takes one where it failed only as the last resort', () => {
    const a = sampleUnit('a.service');
    expect(lines([a], on(9, 'a.service'), failed(1, 2)).at(-1)).toBe(
      '+ a.service core-3: machine 00000009 is gone; least loaded (0 units)',
    );
    expect(lines([a], on(9, 'a.service'), failed(1, 2, 3)).at(-1)).toBe(
      '+ a.service core-1: machine 00000009 is gone; least loaded (0 units), though it failed there: no other machine fits',
    );
  });

  test('makes room that another unit waited for', () => {
    const units = [
      sampleUnit('a.service'),
      sampleUnit('c.service', 'Conflicts=a.service\nMachineMetadata=disk=ssd'),
    ];
    expect(lines(units, on(1, 'a.service'), failed(1))).toContain(
      '+ c.service core-1: least loaded (0 units)',
    );
  });

  test('a sidekick does not take its healthy main unit with it', () => {
    const units = [sampleUnit('main.service'), sampleUnit('a.service', 'MachineOf=main.service')];
    expect(lines(units, on(1, 'a.service', 'main.service'), failed(1))).toEqual([
      '! a.service core-1: failed on core-1; no other machine has unit main.service (MachineOf)',
    ]);
  });
});
