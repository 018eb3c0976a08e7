import { expect, test } from '@jest/globals';
import { type Action, type Plan, unitFile } from './plan.ts';
import { simulate } from './simulate.ts';

/** What made people leave fleet, by the number of its issue (github.com/coreos/fleet/issues). */

const unit = (name: string, service = 'ExecStart=/bin/sleep inf', fenced = false) => ({
  name,
  contents: unitFile(service, [], fenced ? ['Fence=stop'] : []),
  targetState: 'launched' as const,
});
const apply = (...units: ReturnType<typeof unit>[]): Action => ({ kind: 'apply', units });
const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => unit(`${name}.service`));

/** A cluster that has settled, then the steps with the seconds after each. Answers the lines from the second step on. */
async function happens(machines: number, [first, ...rest]: readonly [Action, number][]): Promise<string[]> {
  const steps = [first, ...rest].flatMap((step) => (step ? [{ action: step[0], wait: step[1] }] : []));
  const plan: Plan = { machines: Array.from({ length: machines }, () => ({})), warmUp: 40, steps, noise: 1 };
  const { trace, violation } = await simulate(plan);
  expect(violation?.message).toBeUndefined();
  const second = trace.findIndex((line, at) => line.includes('STEP') && trace.slice(0, at).some(isStep));
  return trace.slice(second);
}

const isStep = (line: string) => line.includes('STEP');

/** What was done to units: `core-1 stops a.service`. */
function deeds(trace: readonly string[]): string[] {
  return trace.map((line) => line.slice(11)).filter((line) => /^core-\d (starts|stops) /.test(line));
}

function seconds(line: string | undefined): number {
  return Number(line?.slice(0, 9));
}

const leaderChanges = Array.from({ length: 10 }, (): [Action, number][] => [
  [{ kind: 'store down', seconds: 5, silent: true }, 10],
  [{ kind: 'restart agent', machine: 'leader', seconds: 5 }, 20],
]).flat();

test('#1289: trouble with etcd and new leaders, ten times in a row, stop and move nothing', async () => {
  expect(deeds(await happens(3, [[apply(...six), 10], ...leaderChanges]))).toEqual([]);
});

test('#1289: etcd down for two minutes stops nothing', async () => {
  const trace = await happens(3, [
    [apply(...six), 10],
    [{ kind: 'store down', seconds: 120, silent: true }, 180],
  ]);
  expect(deeds(trace)).toEqual([]);
});

test('#1690: most machines lose the store, come back, and find their units as they were', async () => {
  const cut = (machine: number): [Action, number] => [
    { kind: 'cut', machine, seconds: 45, silent: true, unplugged: true },
    1,
  ];
  const trace = await happens(5, [[apply(...six), 10], cut(2), cut(3), cut(4)]);
  expect(deeds(trace)).toEqual([]);
});

test('#1690: a unit moved off a machine that was cut off for a minute is not stopped anywhere but there', async () => {
  const trace = await happens(3, [
    [apply(...six), 10],
    [{ kind: 'cut', machine: 2, seconds: 60, silent: true, unplugged: true }, 120],
  ]);
  const stops = trace.filter((line) => /core-\d stops /.test(line));
  const healed = trace.find((line) => line.includes('cut off: over'));
  expect(deeds(stops).every((line) => line.startsWith('core-3 '))).toBe(true);
  expect(deeds(trace).filter((line) => /core-[12] starts/.test(line))).toHaveLength(2);
  for (const stop of stops) expect(seconds(stop) - seconds(healed)).toBeLessThan(15);
});

test('#1135: a unit that failed is not started again because something else moves', async () => {
  const failing = unit('failing.service', 'ExecStart=/bin/false\nRestart=no');
  const trace = await happens(3, [
    [apply(failing, ...six), 10],
    [{ kind: 'crash machine', machine: 1, seconds: 30 }, 60],
    [{ kind: 'restart agent', machine: 0, seconds: 3 }, 30],
    [{ kind: 'crash machine', machine: 2, seconds: 30 }, 60],
    [{ kind: 'crash machine', machine: 1, seconds: 30 }, 60],
  ]);
  expect(deeds(trace).filter((line) => line.includes('failing.service')).length).toBeLessThanOrEqual(1);
});

test('#1508: every instance gets the new version of its template', async () => {
  const instances = (version: number) =>
    [1, 2, 3].map((i) => unit(`web@${i}.service`, `ExecStart=/bin/sleep inf\nEnvironment=V=${version}`));
  const trace = await happens(3, [
    [apply(...instances(1)), 10],
    [apply(...instances(2)), 60],
  ]);
  for (const name of ['web@1.service', 'web@2.service', 'web@3.service']) {
    expect(deeds(trace).filter((line) => line.includes(`starts ${name}`))).toHaveLength(1);
  }
});

test('a fenced unit is down on a machine that is cut off before it is up elsewhere', async () => {
  const trace = await happens(3, [
    [apply(...['a', 'b', 'c'].map((name) => unit(`${name}.service`, 'ExecStart=/bin/sleep inf', true))), 10],
    [{ kind: 'cut', machine: 2, seconds: 60, silent: true, unplugged: true }, 120],
  ]);
  const [stopped, started] = ['core-3 stops', 'starts'].map((what) =>
    seconds(trace.find((line) => line.includes(what))),
  );
  expect(stopped).toBeLessThan(started ?? 0);
});
