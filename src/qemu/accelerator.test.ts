import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type AcceleratorChoice, keptChoice, whyClosed } from './accelerator.ts';

const quiet = { log: () => undefined };
const emulated: AcceleratorChoice = { accelerator: 'tcg', reason: 'no kernel boots here' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'accelerator-'));
});
afterEach(() => rm(folder, { recursive: true }));

function prober() {
  const count = { probes: 0 };
  const probe = async () => {
    count.probes++;
    return emulated;
  };
  return { count, probe };
}

test('machines that start at once on a new host probe it once between them', async () => {
  const file = join(folder, 'accelerator.json');
  const { count, probe } = prober();
  const all = await Promise.all([1, 2, 3].map(() => keptChoice(file, 'host', quiet, probe)));
  expect(all).toEqual([emulated, emulated, emulated]);
  expect(count.probes).toBe(1);
  expect(await readdir(folder)).not.toContain('accelerator.json.part');
});

test('an answer holds until what it depends on changes', async () => {
  const file = join(folder, 'accelerator.json');
  const { count, probe } = prober();
  await keptChoice(file, 'host', quiet, probe);
  await keptChoice(file, 'host', quiet, probe);
  expect(count.probes).toBe(1);
  await keptChoice(file, 'host after an upgrade', quiet, probe);
  expect(count.probes).toBe(2);
});

test('a draft that a killed run left is in nobody’s way', async () => {
  const file = join(folder, 'accelerator.json');
  await writeFile(`${file}.part`, '{"key": "ho');
  const { probe } = prober();
  expect(await keptChoice(file, 'host', quiet, probe)).toEqual(emulated);
});

test.each(['', '{"key": "ho', 'null', '{"key":"host","accelerator":"abacus","reason":"?"}'])(
  'what is no answer (%s) is probed anew',
  async (text) => {
    const file = join(folder, 'accelerator.json');
    await writeFile(file, text);
    const { count, probe } = prober();
    expect(await keptChoice(file, 'host', quiet, probe)).toEqual(emulated);
    expect(count.probes).toBe(1);
  },
);

test.each([
  ['EACCES', 'usermod -aG kvm'],
  ['ENOENT', 'firmware or hypervisor'],
  ['EIO', "KVM can't be used: broken"],
])('that /dev/kvm answers %s is said with what changes it', (code, step) => {
  expect(whyClosed(Object.assign(new Error('broken'), { code }))).toContain(step);
});
