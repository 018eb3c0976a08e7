import { describe, expect, test } from '@jest/globals';
import { applied, sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { sampleLines } from './sample-lines.ts';
import { schedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

const three = [sampleMachine(1), sampleMachine(2), sampleMachine(3)];
const lines = (units: Snapshot['units'], placements: Snapshot['placements'] = [], machines = three) =>
  sampleLines({ machines, units, placements });

describe('choosing', () => {
  test('takes the least loaded machine, the first name among equals', () => {
    const units = ['a', 'b', 'c', 'd'].map((name) => sampleUnit(`${name}.service`));
    expect(lines(units, [samplePlacement('a.service', 1)])).toEqual([
      '+ b.service core-2: least loaded (0 units)',
      '+ c.service core-3: least loaded (0 units)',
      '+ d.service core-1: least loaded (1 unit)',
    ]);
  });

  test('breaks ties by name, whatever the ids', () => {
    const machines = [
      { ...sampleMachine(1), name: 'zebra' },
      { ...sampleMachine(2), name: 'aardvark' },
    ];
    expect(lines([sampleUnit('a.service')], [], machines)).toEqual([
      '+ a.service core-2: least loaded (0 units)',
    ]);
  });

  test('spreads instances of a template before it looks at the load', () => {
    const units = [
      sampleUnit('a.service'),
      sampleUnit('b.service'),
      sampleUnit('web@1.service'),
      sampleUnit('web@2.service'),
    ];
    const placements = [
      samplePlacement('a.service', 2),
      samplePlacement('b.service', 2),
      samplePlacement('web@1.service', 1),
    ];
    expect(lines(units, placements, three.slice(0, 2))).toEqual([
      '+ web@2.service core-2: fewest instances of web@.service (0), least loaded (2 units)',
    ]);
  });

  test('MachineID by short id, MachineMetadata by any of its values', () => {
    const machines = [sampleMachine(1, { disk: 'hdd' }), sampleMachine(2, { disk: 'ssd' }), sampleMachine(3)];
    const units = [
      sampleUnit('a.service', 'MachineID=00000003'),
      sampleUnit('b.service', 'MachineMetadata="disk=ssd" "disk=nvme"'),
    ];
    expect(lines(units, [], machines)).toEqual([
      '+ a.service core-3: MachineID=00000003',
      '+ b.service core-2: least loaded (0 units)',
    ]);
  });

  test('MachineOf goes where the peer goes, through a chain as well', () => {
    const units = [
      sampleUnit('a.service', 'MachineOf=b.service'),
      sampleUnit('b.service', 'MachineOf=z.service'),
      sampleUnit('z.service'),
    ];
    expect(lines(units)).toEqual([
      '+ a.service core-1: with b.service (MachineOf)',
      '+ b.service core-1: with z.service (MachineOf)',
      '+ z.service core-1: least loaded (0 units)',
    ]);
  });

  test('Conflicts works both ways and not against the unit itself', () => {
    const units = [
      sampleUnit('a.service', 'Conflicts=*.service'),
      sampleUnit('b.service'),
      sampleUnit('c.service'),
    ];
    expect(lines(units)).toEqual([
      '+ a.service core-1: least loaded (0 units)',
      '+ b.service core-2: least loaded (0 units)',
      '+ c.service core-3: least loaded (0 units)',
    ]);
  });

  test('Global is on every machine that matches, unless something there conflicts', () => {
    const machines = [sampleMachine(1, { tier: 'web' }), sampleMachine(2, { tier: 'web' }), sampleMachine(3)];
    const units = [
      sampleUnit('g.service', 'Global=true\nMachineMetadata=tier=web\nConflicts=a.service'),
      sampleUnit('a.service'),
    ];
    expect(lines(units, [samplePlacement('a.service', 1)], machines)).toEqual([
      '+ g.service core-2: global: on every machine that fits',
    ]);
  });
});

describe('what changes', () => {
  test('a lost machine moves its units and names itself', () => {
    const units = [sampleUnit('a.service'), sampleUnit('b.service')];
    expect(lines(units, [samplePlacement('a.service', 9), samplePlacement('b.service', 1)])).toEqual([
      '- a.service core-9: machine 00000009 is gone',
      '+ a.service core-2: machine 00000009 is gone; least loaded (0 units)',
    ]);
  });

  test('a new file or target state stays on its machine', () => {
    const units = [sampleUnit('a.service', '', 'v2'), sampleUnit('b.service', '', 'v1', 'loaded')];
    expect(lines(units, [samplePlacement('a.service', 2), samplePlacement('b.service', 2)])).toEqual([
      '+ a.service core-2: unit file changed',
      '+ b.service core-2: target state changed from launched to loaded',
    ]);
  });

  test('what is destroyed or inactive leaves', () => {
    const units = [sampleUnit('a.service', '', 'v1', 'inactive')];
    expect(lines(units, [samplePlacement('a.service', 1), samplePlacement('b.service', 2)])).toEqual([
      '- a.service core-1: target state is inactive',
      '- b.service core-2: unit was destroyed',
    ]);
  });

  test('followers move with their peer', () => {
    const machines = [sampleMachine(1), sampleMachine(2, { disk: 'ssd' })];
    const units = [
      sampleUnit('db.service', 'MachineMetadata=disk=ssd', 'v2'),
      sampleUnit('log.service', 'MachineOf=db.service'),
    ];
    expect(
      lines(units, [samplePlacement('db.service', 1), samplePlacement('log.service', 1)], machines),
    ).toEqual([
      '- db.service core-1: core-1 has no metadata disk=ssd',
      '- log.service core-1: db.service is not on core-1 (MachineOf)',
      '+ db.service core-2: core-1 has no metadata disk=ssd; least loaded (0 units)',
      '+ log.service core-2: db.service is not on core-1 (MachineOf); with db.service (MachineOf)',
    ]);
  });

  test('of two units that come to exclude each other, the changed one moves', () => {
    const units = [sampleUnit('a.service', 'Conflicts=b.service', 'v2'), sampleUnit('b.service')];
    expect(lines(units, [samplePlacement('a.service', 1), samplePlacement('b.service', 1)])).toEqual([
      '- a.service core-1: conflicts with b.service on core-1',
      '+ a.service core-2: conflicts with b.service on core-1; least loaded (0 units)',
    ]);
  });

  test('a unit that is no longer global keeps one machine', () => {
    const placements = [1, 2, 3].map((machine) => samplePlacement('a.service', machine));
    expect(lines([sampleUnit('a.service')], placements)).toEqual([
      '- a.service core-2: is on core-1 already',
      '- a.service core-3: is on core-1 already',
    ]);
  });
});

describe('Replaces', () => {
  test('pushes the other unit and its followers to another machine', () => {
    const units = [
      sampleUnit('new.service', 'Replaces=old.service'),
      sampleUnit('old.service'),
      sampleUnit('side.service', 'MachineOf=old.service'),
    ];
    const placements = [
      samplePlacement('old.service', 1),
      samplePlacement('side.service', 1),
      samplePlacement('x.service', 2),
    ];
    const busy = [sampleUnit('x.service'), sampleUnit('y.service'), sampleUnit('z.service')];
    const more = [samplePlacement('y.service', 2), samplePlacement('z.service', 2)];
    expect(lines([...units, ...busy], [...placements, ...more], three.slice(0, 2))).toEqual([
      '- old.service core-1: replaced by new.service on core-1',
      '- side.service core-1: old.service is not on core-1 (MachineOf)',
      '+ new.service core-1: least loaded (2 units)',
      '+ old.service core-2: replaced by new.service on core-1; least loaded (3 units)',
      '+ side.service core-2: old.service is not on core-1 (MachineOf); with old.service (MachineOf)',
    ]);
  });

  test('a replaced unit with nowhere to go is pending', () => {
    const units = [sampleUnit('new.service', 'Replaces=old.service'), sampleUnit('old.service')];
    expect(lines(units, [samplePlacement('old.service', 1)], three.slice(0, 1))).toEqual([
      '- old.service core-1: replaced by new.service on core-1',
      '+ new.service core-1: least loaded (1 unit)',
      '? old.service: replaced by new.service on core-1',
    ]);
  });

  test('a replaced unit goes only where its own constraints hold', () => {
    const machines = [sampleMachine(1, { disk: 'ssd' }), sampleMachine(2), sampleMachine(3, { disk: 'ssd' })];
    const units = [
      sampleUnit('new.service', 'Replaces=old.service\nMachineMetadata=disk=ssd'),
      sampleUnit('old.service', 'MachineMetadata=disk=ssd\nConflicts=x.service'),
      sampleUnit('x.service'),
    ];
    const placements = [samplePlacement('old.service', 1), samplePlacement('x.service', 3)];
    expect(lines(units, placements, machines)).toEqual([
      '- old.service core-1: replaced by new.service on core-1',
      '+ new.service core-1: least loaded (1 unit)',
      '? old.service: replaced by new.service on core-1; no metadata disk=ssd on core-2; conflicts with x.service on core-3',
    ]);
  });

  test('units that replace each other in a circle stay together', () => {
    const units = [
      sampleUnit('a.service', 'Replaces=b.service'),
      sampleUnit('b.service', 'Replaces=c.service'),
      sampleUnit('c.service', 'Replaces=a.service'),
    ];
    expect(lines(units, [], three.slice(0, 1))).toHaveLength(3);
  });

  test('room made by a replaced unit is used in the same schedule', () => {
    const units = [
      sampleUnit('g.service', 'Global=true\nConflicts=old.service'),
      sampleUnit('new.service', 'Replaces=old.service'),
      sampleUnit('old.service'),
    ];
    const snapshot = { machines: three.slice(0, 1), units, placements: [samplePlacement('old.service', 1)] };
    expect(sampleLines(snapshot).filter((line) => line.startsWith('+'))).toEqual([
      '+ g.service core-1: global: on every machine that fits',
      '+ new.service core-1: least loaded (1 unit)',
    ]);
    expect(schedule(applied(snapshot, schedule(snapshot))).decisions).toEqual([]);
  });
});

describe('why a unit is pending', () => {
  const four = [...three, sampleMachine(4), sampleMachine(5)];
  const each = [1, 2, 3, 4, 5].map((machine) => samplePlacement(`web@${machine}.service`, machine));
  const webs = each.map(({ unit }) => sampleUnit(unit, 'Conflicts=web@*.service'));

  test.each([
    ['no machine is up', [], '', []],
    ['no machine has metadata disk=ssd or disk=nvme', three, 'MachineMetadata="disk=ssd" "disk=nvme"', []],
    ['no machine has id 00000009', three, 'MachineID=00000009', []],
    ['must be with b.service (MachineOf), which is not an active unit', three, 'MachineOf=b.service', []],
    [
      'MachineOf leads in a circle: a.service, b.service',
      three,
      'MachineOf=b.service',
      ['MachineOf=a.service'],
    ],
    [
      'must be with b.service (MachineOf), which no machine has',
      three,
      'MachineOf=b.service',
      ['MachineID=00000009'],
    ],
  ])('%s', (reason, machines, own, [other]) => {
    const others = other === undefined ? [] : [sampleUnit('b.service', other)];
    expect(lines([sampleUnit('a.service', own), ...others], [], machines)).toContain(
      `? a.service: ${reason}`,
    );
  });

  test('names what each machine lacked, a few by name and the rest by number', () => {
    const unit = sampleUnit('web@9.service', 'Conflicts=web@*.service');
    expect(lines([...webs, unit], each, four)).toEqual([
      '? web@9.service: conflicts with web@1.service on core-1, web@2.service on core-2, web@3.service on core-3 and 2 more',
    ]);
  });

  test('tells different lacks apart', () => {
    const machines = [sampleMachine(1, { disk: 'ssd' }), sampleMachine(2), sampleMachine(3)];
    const unit = sampleUnit('web@9.service', 'Conflicts=web@*.service\nMachineMetadata=disk=ssd');
    expect(lines([...webs.slice(0, 3), unit], each.slice(0, 3), machines)).toEqual([
      '? web@9.service: conflicts with web@1.service on core-1; no metadata disk=ssd on core-2, core-3',
    ]);
  });

  test('peers on different machines', () => {
    const units = [
      sampleUnit('a.service'),
      sampleUnit('b.service'),
      sampleUnit('c.service', 'MachineOf="a.service" "b.service"'),
    ];
    expect(lines(units, [samplePlacement('a.service', 1), samplePlacement('b.service', 2)])).toEqual([
      '? c.service: no unit b.service (MachineOf) on core-1; no unit a.service (MachineOf) on core-2, core-3',
    ]);
  });
});
