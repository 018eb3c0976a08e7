import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runFile, Tally } from './tally.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vectors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the vector came to: `passed`, the rule by which it is excepted, or `failed` and why. */
function outcomeOf(kind: string, input: object, output: object): string {
  const lines: string[] = [];
  const tally = new Tally((line) => lines.push(line));
  const file = join(folder, 'one.jsonl');
  writeFileSync(file, JSON.stringify({ id: 'one', kind, in: input, out: output }));
  runFile(file, tally);
  const [excepted] = tally.excepted.keys();
  const rule = excepted && /, ([a-z-]+):/.exec(excepted)?.[1];
  return rule ?? (tally.passed === 1 ? 'passed' : `failed: ${lines.join('\n')}`);
}

const option = (name: string, value: string) => ({ section: 'X-Fleet', name, value });
const unit = (target_state: string, ...options: object[]) => ({ target_state, options });
const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
const [one, both] = [[a], [a, b]].map((ids) => ids.map((id) => ({ id, metadata: {} })));
const task = (type: string, name: string, machine: string, reason = '') => ({
  ...{ type: `${type}Unit`, unit: name, machine, reason },
});

test('a unit that may not be there for a conflict may be replaced there all the same', () => {
  const existing = {
    'shy.service': unit('launched', option('Conflicts', 'x.service')),
    'new.service': unit('launched', option('Replaces', 'x.service')),
  };
  const input = { name: 'x.service', replaces: [], existing };
  expect(outcomeOf('has-replace', input, { replace: true, replaced: 'new.service' })).toBe('passed');
});

test('all that is unloaded comes by name, whether a new file follows or not', () => {
  const current = {
    'a.service': { hash: 'x', state: 'launched' },
    'b.service': { hash: 'old', state: 'loaded' },
  };
  const desired = { 'b.service': { hash: 'new', options: [], target_state: 'loaded' } };
  const tasks = [
    { type: 'UnloadUnit', reason: 'unit loaded but not scheduled here', unit: 'a.service' },
    { type: 'UnloadUnit', reason: 'unit loaded but hash differs to expected', unit: 'b.service' },
    { type: 'LoadUnit', reason: 'unit scheduled here but not loaded', unit: 'b.service' },
    { type: 'ReloadUnitFiles', reason: 'always reload unit files' },
  ];
  expect(outcomeOf('agent-tasks', { current, desired }, { tasks })).toBe('passed');
});

test('a unit stays with a global unit, which a vector gives no machine', () => {
  const units = { 'near.service': { ...unit('launched', option('MachineOf', 'log.service')), machine: b } };
  const global_units = { 'log.service': unit('launched', option('Global', 'true')) };
  const cluster = { machines: both, units, global_units };
  expect(outcomeOf('cluster-tasks', cluster, { order_significant: true, tasks: [] })).toBe('passed');
});

test('fleet took a replacer away with the unit that it replaced when there was one machine', () => {
  const units = {
    'new.service': { ...unit('launched', option('Replaces', 'old.service')), machine: a },
    'old.service': { ...unit('launched'), machine: a },
  };
  const tasks = ['old.service', 'new.service'].map((name) =>
    task('Unschedule', name, a, 'found replace with locally-scheduled Unit'),
  );
  const cluster = { machines: one, units, global_units: {} };
  expect(outcomeOf('cluster-tasks', cluster, { order_significant: false, tasks })).toBe('replacer-too');
});

test('no rule excepts a unit that goes to the wrong machine', () => {
  const cluster = {
    machines: both,
    units: { 'x.service': { ...unit('launched'), machine: '' } },
    global_units: {},
  };
  const tasks = [task('AttemptSchedule', 'x.service', b)];
  expect(outcomeOf('cluster-tasks', cluster, { order_significant: true, tasks })).toContain(
    'failed: FAILED one',
  );
});

test('an option may be called as a property that every object has', () => {
  const raw = '[X-Fleet]\nconstructor=x\n';
  const output = {
    error: null,
    options: [option('constructor', 'x')],
    contents: { 'X-Fleet': { constructor: ['x'] } },
    serialized: raw,
    hash: 'e21b67d7a3fd1a917527103f6f71ec74071b0bf8',
    description: '',
  };
  expect(outcomeOf('unitfile', { raw }, output)).toBe('passed');
});
