import { expect, test } from '@jest/globals';
import type { MachineSpec } from './arguments.ts';
import { sampleSpec as spec } from './sample-spec.ts';
import { templateKey } from './template-key.ts';

const host = { qemu: 'QEMU emulator version 10.0.2', processor: 'AMD EPYC' };
const key = templateKey(spec, 'recipe', host);

test.each<[string, Partial<MachineSpec>]>([
  ['image', { image: { ...spec.image, key: 'trixie-2' } }],
  ['number of processors', { cpus: 2 }],
  ['memory', { memory: 1024 }],
  ['disk', { disk: 11 }],
  ['accelerator', { accelerator: 'kvm' }],
])('a template serves one %s', (_, change) => {
  expect(templateKey({ ...spec, ...change }, 'recipe', host)).not.toBe(key);
});

test('a template serves one recipe and one QEMU', () => {
  expect(templateKey(spec, 'another', host)).not.toBe(key);
  expect(templateKey(spec, 'recipe', { ...host, qemu: 'QEMU emulator version 10.0.3' })).not.toBe(key);
});

test('the processor counts where the guest sees it', () => {
  const other = { ...host, processor: 'Intel Xeon' };
  expect(templateKey(spec, 'recipe', other)).toBe(key);
  const seen: MachineSpec = { ...spec, accelerator: 'kvm' };
  expect(templateKey(seen, 'recipe', other)).not.toBe(templateKey(seen, 'recipe', host));
});

test('who wakes is no part of it', () => {
  const other: MachineSpec = {
    ...spec,
    name: 'core-2',
    folder: '/elsewhere/core-2',
    lanMac: '52:54:00:77:00:02',
    ports: [],
    seed: { userData: 'a', metaData: 'b', networkConfig: 'c' },
  };
  expect(templateKey(other, 'recipe', host)).toBe(key);
});
