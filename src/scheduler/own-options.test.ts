import { describe, expect, test } from '@jest/globals';
import { sampleMachine, samplePlacement, sampleUnit } from './sample.ts';
import { sampleLines } from './sample-lines.ts';
import type { Snapshot } from './snapshot.ts';

const three = [sampleMachine(1), sampleMachine(2), sampleMachine(3)];
const zones = ['a', 'a', 'b'].map((zone, i) => sampleMachine(i + 1, { zone }));
const lines = (units: Snapshot['units'], placements: Snapshot['placements'] = [], machines = three) =>
  sampleLines({ machines, units, placements });
const own = (name: string, options: string, hash = 'v1') =>
  sampleUnit(name, `[X-Flotilla]\n${options}`, hash);

describe('Weight', () => {
  test('the load of a machine is the sum of its weights', () => {
    const units = [own('big.service', 'Weight=3'), own('mid.service', 'Weight=2'), sampleUnit('x.service')];
    expect(lines(units, [], three.slice(0, 2))).toEqual([
      '+ big.service core-1: least loaded (0 units)',
      '+ mid.service core-2: least loaded (0 units)',
      '+ x.service core-2: least loaded (weight 2, 1 unit)',
    ]);
  });

  test('a unit without weight does not count', () => {
    const units = [own('a.target', 'Weight=0'), sampleUnit('b.service')];
    expect(lines(units)).toContain('+ b.service core-1: least loaded (weight 0, 1 unit)');
  });
});

describe('Spread', () => {
  test('goes over the values of the key first, then over machines', () => {
    const units = [1, 2, 3, 4].map((i) => own(`web@${i}.service`, 'Spread=zone'));
    expect(lines(units, [], zones)).toEqual([
      '+ web@1.service core-1: fewest instances of web@.service in zone=a (0) and there (0), least loaded (0 units)',
      '+ web@2.service core-3: fewest instances of web@.service in zone=b (0) and there (0), least loaded (0 units)',
      '+ web@3.service core-2: fewest instances of web@.service in zone=a (1) and there (0), least loaded (0 units)',
      '+ web@4.service core-3: fewest instances of web@.service in zone=b (1) and there (1), least loaded (1 unit)',
    ]);
  });

  test('a machine without the key is the last resort', () => {
    const machines = [sampleMachine(1), sampleMachine(2, { zone: 'a' })];
    const units = [1, 2].map((i) => own(`web@${i}.service`, 'Spread=zone\nMaxPerMachine=1'));
    expect(lines(units, [], machines)).toEqual([
      '+ web@1.service core-2: fewest instances of web@.service in zone=a (0) and there (0), least loaded (0 units)',
      '+ web@2.service core-1: no machine with metadata zone fits, fewest instances of web@.service (0), least loaded (0 units)',
    ]);
  });
});

test('Spread over a key that every object has by birth is over none', () => {
  expect(lines([own('web@1.service', 'Spread=constructor')])).toEqual([
    '+ web@1.service core-1: no machine with metadata constructor fits, fewest instances of web@.service (0), least loaded (0 units)',
  ]);
});

describe('MaxPerMachine', () => {
  const web = (i: number, limit: number, hash?: string) =>
    own(`web@${i}.service`, `MaxPerMachine=${limit}`, hash);

  test('the rest stays pending', () => {
    const units = [1, 2, 3, 4, 5].map((i) => web(i, 2));
    expect(lines(units, [], three.slice(0, 2)).slice(-1)).toEqual([
      '? web@5.service: no machine has room for another instance of web@.service (MaxPerMachine=2)',
    ]);
  });

  test('a smaller limit moves only the instances that have it', () => {
    const units = [web(1, 2), web(2, 1, 'v2')];
    const placements = [samplePlacement('web@1.service', 1), samplePlacement('web@2.service', 1)];
    const leaves = 'core-1 has no room for another instance of web@.service (MaxPerMachine=1)';
    expect(lines(units, placements)).toEqual([
      `- web@2.service core-1: ${leaves}`,
      `+ web@2.service core-2: ${leaves}; fewest instances of web@.service (0), least loaded (0 units)`,
    ]);
  });
});

describe('MachineMetadata with operators', () => {
  const machines = [
    sampleMachine(1, { disk: 'hdd', cpus: '8', region: 'eu' }),
    sampleMachine(2, { disk: 'ssd', cpus: '2', region: 'us' }),
    sampleMachine(3, { cpus: 'many' }),
  ];

  test.each([
    ['disk=ssd', ['core-2']],
    ['disk!=hdd', ['core-2', 'core-3']],
    ['region in (eu,us)', ['core-1', 'core-2']],
    ['region not in (eu,ap)', ['core-2', 'core-3']],
    ['cpus>=4', ['core-1']],
    ['cpus>2', ['core-1']],
    ['cpus<=2.0', ['core-2']],
    ['cpus<8', ['core-2']],
    ['memory>=1', []],
  ])('%s', (condition, fit) => {
    const unit = sampleUnit('g.service', `Global=true\n[X-Flotilla]\nMachineMetadata=${condition}`);
    const came = lines([unit], [], machines).filter((line) => line.startsWith('+'));
    expect(came.map((line) => line.slice(12, 18))).toEqual(fit);
  });

  test('all conditions must hold, and what is missing is told', () => {
    const unit = own('a.service', 'MachineMetadata="disk!=hdd" "cpus>=4"');
    expect(lines([unit], [], machines)).toEqual([
      '? a.service: no metadata disk!=hdd on core-1; no metadata cpus>=4 on core-2, core-3',
    ]);
    expect(lines([unit], [samplePlacement('a.service', 1)], machines)[0]).toBe(
      '- a.service core-1: core-1 has disk=hdd, but must have disk!=hdd',
    );
    expect(
      lines([own('a.service', 'MachineMetadata=gpu=yes')], [samplePlacement('a.service', 1)], machines)[0],
    ).toBe('- a.service core-1: core-1 has no metadata gpu, but must have gpu=yes');
  });
});

describe('sockets, timers, paths and automounts', () => {
  test.each([
    ['job.timer', '[Timer]\nOnCalendar=daily', 'job.service'],
    ['a.timer', '[Timer]\nUnit=job.service', 'job.service'],
    ['job.socket', '[Socket]\nListenStream=80', 'job.service'],
    ['job.path', '[Path]\nPathExists=/a', 'job.service'],
    ['srv.automount', '[Automount]\nWhere=/srv', 'srv.mount'],
  ])('%s is where %s', (trigger, text, started) => {
    const units = [sampleUnit(started, 'MachineID=00000003'), sampleUnit(trigger, text)];
    expect(lines(units)).toContain(`+ ${trigger} core-3: with ${started} (which it starts)`);
  });

  test('follow when the service moves', () => {
    const units = [sampleUnit('job.service', 'MachineMetadata=zone=b', 'v2'), sampleUnit('job.timer')];
    const placements = [samplePlacement('job.service', 1), samplePlacement('job.timer', 1)];
    expect(lines(units, placements, zones)).toEqual([
      '- job.service core-1: core-1 has no metadata zone=b',
      '- job.timer core-1: job.service is not on core-1 (which it starts)',
      '+ job.service core-3: core-1 has no metadata zone=b; least loaded (0 units)',
      '+ job.timer core-3: job.service is not on core-1 (which it starts); with job.service (which it starts)',
    ]);
  });

  test('are on their own while the cluster does not have the unit, or keeps it inactive', () => {
    const inactive = sampleUnit('job.service', '', 'v1', 'inactive');
    expect(lines([sampleUnit('job.timer')])).toEqual(['+ job.timer core-1: least loaded (0 units)']);
    expect(lines([sampleUnit('job.timer'), inactive])).toEqual([
      '+ job.timer core-1: least loaded (0 units)',
    ]);
  });

  test('wait with their service', () => {
    const units = [sampleUnit('job.service', 'MachineID=00000009'), sampleUnit('job.timer')];
    expect(lines(units)).toContain(
      '? job.timer: must be with job.service (which it starts), which no machine has',
    );
  });

  test('a service that says MachineOf its timer is no circle', () => {
    const units = [sampleUnit('job.service', 'MachineOf=job.timer'), sampleUnit('job.timer')];
    expect(lines(units)).toEqual([
      '+ job.service core-1: with job.timer (MachineOf)',
      '+ job.timer core-1: least loaded (0 units)',
    ]);
  });

  test('global ones are on every machine with their global service', () => {
    const units = [
      sampleUnit('job.service', 'Global=true\nMachineMetadata=zone=a'),
      sampleUnit('job.timer', 'Global=true'),
    ];
    expect(lines(units, [], zones).map((line) => line.split(':')[0])).toEqual([
      ...['+ job.service core-1', '+ job.service core-2'],
      ...['+ job.timer core-1', '+ job.timer core-2'],
    ]);
  });
});

test('a sidekick with BindsTo and MachineOf follows its main unit', () => {
  const side = 'MachineOf=web@1.service\n[Unit]\nBindsTo=web@1.service\nAfter=web@1.service';
  const units = [sampleUnit('web@1.service'), sampleUnit('web-log@1.service', side)];
  const placements = [samplePlacement('web@1.service', 9), samplePlacement('web-log@1.service', 9)];
  expect(lines(units, placements)).toEqual([
    '- web-log@1.service core-9: machine 00000009 is gone',
    '- web@1.service core-9: machine 00000009 is gone',
    '+ web-log@1.service core-1: machine 00000009 is gone; with web@1.service (MachineOf)',
    '+ web@1.service core-1: machine 00000009 is gone; fewest instances of web@.service (0), least loaded (0 units)',
  ]);
});
