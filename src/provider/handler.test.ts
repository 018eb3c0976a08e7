import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { anyHandler } from './handler.ts';
import type { Context } from './resource.ts';

const context: Context = {
  urn: 'urn:core-1',
  name: 'core-1',
  stack: 'dev',
  log: () => undefined,
  signal: new AbortController().signal,
};

const handler = anyHandler({
  inputs: z.object({ cpus: z.number() }),
  outputs: z.object({ cpus: z.number(), memory: z.number() }),
  computed: ['memory'],
  create: async ({ cpus }) => ({ id: 'core-1', outputs: { cpus, memory: 512 } }),
  delete: async () => undefined,
});

test('a state of another version is refused with its resource, what is wrong, and what to do', async () => {
  await expect(handler.delete('core-1', { cpus: 1 }, context)).rejects.toThrow(
    /^core-1: its state does not fit this version of Flotilla \(memory: .*number.*\); use the version that made the stack, or destroy it with that one$/,
  );
  await expect(handler.create({ cpus: 'two' }, context)).rejects.toThrow('core-1: its inputs do not fit');
});
