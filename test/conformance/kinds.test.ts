import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runFile, Tally } from './tally.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vectors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the vector came to: `passed`, the rule by which it is excepted, or `failed` and why. */
async function outcomeOf(kind: string, input: object, output: object): Promise<string> {
  const lines: string[] = [];
  const tally = new Tally((line) => lines.push(line));
  const file = join(folder, 'one.jsonl');
  writeFileSync(file, JSON.stringify({ id: 'one', kind, in: input, out: output }));
  await runFile(file, tally);
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

test('a unit that may not be there for a conflict may be replaced there all the same', async () => {
  const existing = {
    'shy.service': unit('launched', option('Conflicts', 'x.service')),
    'new.service': unit('launched', option('Replaces', 'x.service')),
  };
  const input = { name: 'x.service', replaces: [], existing };
  expect(await outcomeOf('has-replace', input, { replace: true, replaced: 'new.service' })).toBe('passed');
});

test('all that is unloaded comes by name, whether a new file follows or not', async () => {
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
  expect(await outcomeOf('agent-tasks', { current, desired }, { tasks })).toBe('passed');
});

test('a unit stays with a global unit, which a vector gives no machine', async () => {
  const units = { 'near.service': { ...unit('launched', option('MachineOf', 'log.service')), machine: b } };
  const global_units = { 'log.service': unit('launched', option('Global', 'true')) };
  const cluster = { machines: both, units, global_units };
  expect(await outcomeOf('cluster-tasks', cluster, { order_significant: true, tasks: [] })).toBe('passed');
});

test('fleet took a replacer away with the unit that it replaced when there was one machine', async () => {
  const units = {
    'new.service': { ...unit('launched', option('Replaces', 'old.service')), machine: a },
    'old.service': { ...unit('launched'), machine: a },
  };
  const tasks = ['old.service', 'new.service'].map((name) =>
    task('Unschedule', name, a, 'found replace with locally-scheduled Unit'),
  );
  const cluster = { machines: one, units, global_units: {} };
  expect(await outcomeOf('cluster-tasks', cluster, { order_significant: false, tasks })).toBe('replacer-too');
});

test('no rule excepts a unit that goes to the wrong machine', async () => {
  const cluster = {
    machines: both,
    units: { 'x.service': { ...unit('launched'), machine: '' } },
    global_units: {},
  };
  const tasks = [task('AttemptSchedule', 'x.service', b)];
  expect(await outcomeOf('cluster-tasks', cluster, { order_significant: true, tasks })).toContain(
    'failed: FAILED one',
  );
});

test('an option may be called as a property that every object has', async () => {
  const raw = '[X-Fleet]\nconstructor=x\n';
  const output = {
    error: null,
    options: [option('constructor', 'x')],
    contents: { 'X-Fleet': { constructor: ['x'] } },
    serialized: raw,
    hash: 'e21b67d7a3fd1a917527103f6f71ec74071b0bf8',
    description: '',
  };
  expect(await outcomeOf('unitfile', { raw }, output)).toBe('passed');
});

describe('templates', () => {
  const kv = { '/up/a': '1', '/up/b': '2' };
  const done = (output: string) => ({ exit: 0, wrote: true, output, mode: '0644' });

  test('the file, its mode and what commands left are compared', async () => {
    const input = { kv, template: '{{getv "/up/a"}}', toml_extra: 'reload_cmd = "echo told > @D@/o/side"' };
    const output = { ...done('1'), side_files: { side: 'told\n' } };
    expect(await outcomeOf('template-resource', input, output)).toBe('passed');
    expect(await outcomeOf('template', input, done('1'))).toContain('failed');
  });

  test('an error passes on its line only', async () => {
    const failed = (line: number) => ({
      ...{ exit: 1, wrote: false, output: null },
      errors: [`ERROR template: t.tmpl:${line}:2: …`],
    });
    const input = { kv, template: '\n{{getv "/none"}}' };
    expect(await outcomeOf('template', input, failed(2))).toBe('passed');
    expect(await outcomeOf('template', input, failed(1))).toContain('failed');
  });

  test('reverse turns lists around that confd did not', async () => {
    const input = { kv, template: '{{range reverse (gets "/up/*")}}{{.Value}}{{end}}' };
    expect(await outcomeOf('template', input, done('12'))).toBe('reverse-any');
  });

  test('a misspelt setting and a decimal mode are refused', async () => {
    const input = { kv, template: 'x', toml_extra: 'reload = "x"' };
    expect(await outcomeOf('template', input, done('x'))).toBe('unknown-field');
    const decimal = { kv, template: 'x', toml_extra: 'mode = "644"' };
    expect(await outcomeOf('template', decimal, { ...done('x'), mode: '1204' })).toBe('decimal-mode');
  });
});
