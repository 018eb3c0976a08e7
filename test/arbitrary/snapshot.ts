import fc from 'fast-check';
import { targetStates } from '../../src/model/unit.ts';
import { applied, sampleMachine, sampleUnit } from '../../src/scheduler/sample.ts';
import { schedule } from '../../src/scheduler/schedule.ts';
import type { Snapshot } from '../../src/scheduler/snapshot.ts';
import { checkOptions } from '../../src/unit/check-options.ts';
import { parseUnit } from '../../src/unit/parse.ts';

const names = [
  'a.service',
  'b.service',
  'c.service',
  'a.timer',
  'web@1.service',
  'web@2.service',
  'web@3.service',
  'db@1.service',
];
const name = fc.constantFrom(...names);
export const metadata = fc.record(
  {
    disk: fc.constantFrom('ssd', 'hdd'),
    zone: fc.constantFrom('a', 'b'),
    cpus: fc.constantFrom('2', '8', 'many'),
  },
  { requiredKeys: [] },
);
const glob = fc.oneof(name, fc.constantFrom('web@*.service', '*.timer', '[ab].service', '*'));

/** Lines of `[X-Fleet]` that never make one unit push another away. */
const fleetLines = [
  glob.map((value) => `Conflicts=${value}`),
  name.map((value) => `MachineOf=${value}`),
  fc.constantFrom(
    'MachineMetadata=disk=ssd',
    'MachineMetadata="zone=a" "zone=b"',
    'Global=true',
    'MachineID=00000002',
    '',
  ),
];
const replaces = glob.map((value) => `Replaces=${value}`);

const ownLine = fc.constantFrom(
  ...['Weight=0', 'Weight=3', 'Spread=zone', 'MaxPerMachine=1', 'MaxPerMachine=2', 'MaxUnavailable=2'],
  ...['MachineMetadata=cpus>=4', 'MachineMetadata=disk!=hdd', 'MachineMetadata=zone not in (a)'],
);

/** Units as they pass `checkOptions`: combinations it refuses never reach the scheduler. */
const unitWith = (options: readonly fc.Arbitrary<string>[]) =>
  fc
    .tuple(name, fc.array(fc.oneof(...options), { maxLength: 3 }), fc.array(ownLine, { maxLength: 2 }))
    .map(([name, lines, own]) => ({ name, text: `${lines.join('\n')}\n[X-Flotilla]\n${own.join('\n')}` }))
    .filter(({ name, text }) => checkOptions(name, parseUnit(`[X-Fleet]\n${text}`).options).length === 0)
    .chain(({ name, text }) =>
      fc
        .tuple(fc.constantFrom('v1', 'v2'), fc.constantFrom(...targetStates, 'launched' as const))
        .map(([hash, state]) => sampleUnit(name, text, hash, state)),
    );

const placement = fc.record({
  unit: fc.oneof(name, fc.constant('gone.service')),
  machineId: fc.integer({ min: 1, max: 6 }).map((number) => sampleMachine(number).id),
  hash: fc.constantFrom('v1', 'v2'),
  targetState: fc.constantFrom(...targetStates),
  reason: fc.constant('before'),
});

const snapshotWith = (options: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Snapshot> =>
  fc.record({
    machines: fc.uniqueArray(
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), metadata)
        .map(([number, metadata]) => sampleMachine(number, metadata)),
      { selector: ({ id }) => id },
    ),
    units: fc.uniqueArray(unitWith(options), { selector: ({ name }) => name }),
    placements: fc.uniqueArray(placement, { selector: ({ unit, machineId }) => unit + machineId }),
  });

/** Clusters without `Replaces=`, in which nothing that fits is ever pushed away. */
export const calmSnapshot = snapshotWith(fleetLines);

const machineIds = fc
  .uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 3 })
  .map((numbers) => new Set(numbers.map((number) => sampleMachine(number).id)));
const unitNames = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }).map((list) => new Set(list));

/** What the operator and the engine say besides. */
const marks = fc.record(
  {
    cordoned: machineIds,
    draining: machineIds,
    avoid: fc
      .uniqueArray(fc.tuple(name, machineIds), { selector: ([unit]) => unit })
      .map((pairs) => new Map(pairs)),
    unready: unitNames,
  },
  { requiredKeys: [] },
);

const plain = snapshotWith([...fleetLines, replaces]);
export const anySnapshot: fc.Arbitrary<Snapshot> = fc.oneof(
  plain,
  fc.tuple(plain, marks).map(([snapshot, more]) => ({ ...snapshot, ...more })),
);

/** The snapshot once its schedule was carried out, again and again while units leave draining machines. */
export function settled(snapshot: Snapshot): Snapshot {
  let now = snapshot;
  for (let step = 0; step < 20; step += 1) {
    const next = schedule(now);
    if (next.decisions.length === 0) return now;
    now = applied(now, next);
  }
  throw new Error('the schedule never settles');
}
