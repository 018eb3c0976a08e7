import { applied, sampleMachine, sampleUnit } from '../src/scheduler/sample.ts';
import { schedule } from '../src/scheduler/schedule.ts';
import type { Snapshot, WantedUnit } from '../src/scheduler/snapshot.ts';
import type { Benchmark, Report } from './benchmark.ts';
import { atLeast, atMost, exactly } from './figures.ts';
import { placements } from './placements.ts';

const sizes = [1000, 10_000, 50_000] as const;

/** Runs of which the middle one counts; one more goes before them for the compiler. */
const runs = 5;

const machines = Array.from({ length: 1000 }, (_, i) =>
  sampleMachine(i + 1, {
    zone: `z${i % 5}`,
    disk: i % 3 === 0 ? 'hdd' : 'ssd',
    cpus: String(2 ** (i % 5)),
    region: ['eu', 'us', 'ap'][i % 3] ?? '',
  }),
);

/** One unit of each kind a cluster has, over and over. Instances of a template come a hundred to each. */
const kinds: readonly ((i: number) => WantedUnit)[] = [
  (i) => sampleUnit(`plain-${i}.service`),
  (i) => sampleUnit(`heavy-${i}.service`, `[X-Flotilla]\nWeight=${1 + (i % 7)}`),
  (i) => sampleUnit(`web${Math.floor(i / 1000)}@${i}.service`, 'Conflicts=%p@*.service'),
  (i) => sampleUnit(`db-${i}.service`, 'MachineMetadata=disk=ssd\nMachineMetadata="zone=z1" "zone=z2"'),
  (i) => sampleUnit(`db-log-${i}.service`, `MachineOf=db-${i - 1}.service`),
  (i) => sampleUnit(`api${Math.floor(i / 1000)}@${i}.service`, '[X-Flotilla]\nSpread=zone\nMaxPerMachine=2'),
  (i) => sampleUnit(`batch-${i}.service`, '[X-Flotilla]\nMachineMetadata="cpus>=4" "region not in (ap)"'),
  (i) => sampleUnit(`lone-${i}.service`, `Conflicts=lone-${i - 10}.service other-*.service`),
  (i) => sampleUnit(`tick-${i}.timer`, `[Timer]\nUnit=plain-${i - 8}.service`),
  (i) =>
    sampleUnit(
      `queue${Math.floor(i / 1000)}@${i}.service`,
      'MachineMetadata=zone=z3\n[X-Flotilla]\nWeight=2',
    ),
];

function snapshotOf(size: number): Snapshot {
  const units = Array.from(
    { length: size },
    (_, i) => kinds[i % kinds.length]?.(i) ?? sampleUnit(`${i}.service`),
  );
  return { machines, units, placements: [] };
}

function medianSeconds(work: () => void): number {
  const times = Array.from({ length: runs + 1 }, () => {
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  }).slice(1);
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

export const schedulerParts = ['decisions', 'placements'];

export const scheduler: Benchmark = async (report, log, wants) => {
  if (wants('decisions')) decisions(report);
  if (wants('placements')) await placements(report, log);
};

/** Decisions of the pure function alone, with nothing read and nothing written. */
function decisions(report: Report) {
  const perUnit: number[] = [];
  for (const size of sizes) {
    const snapshot = snapshotOf(size);
    const first = schedule(snapshot);
    const seconds = medianSeconds(() => schedule(snapshot));
    perUnit.push(seconds / size);
    report(`${size} units on 1000 machines: placements per second`, atLeast(size / seconds, 5000, '/s'));
    report(`${size} units: without a place`, exactly(first.pending.length, 0, 'units'));
    const settled = applied(snapshot, first);
    const idle = medianSeconds(() => schedule(settled));
    report(`${size} units: look with nothing to do`, atMost(idle * 1000, size / 25, 'ms'));
    const lost = medianSeconds(() => schedule({ ...settled, machines: machines.slice(1) }));
    report(`${size} units: one machine lost`, atMost(lost * 1000, size / 25, 'ms'));
  }
  reportGrowth(perUnit, report);
}

/** Linear growth is the same time for each unit, however many there are. Quadratic would be 5 and 10 times. */
function reportGrowth(perUnit: readonly number[], report: Report) {
  for (const [at, size] of sizes.entries()) {
    const before = sizes[at - 1];
    if (before === undefined) continue;
    const times = (perUnit[at] ?? Number.NaN) / (perUnit[at - 1] ?? Number.NaN);
    report(`linear growth: time per unit, ${size} against ${before} units`, atMost(times, 2, 'times'));
  }
}
