import { describe, expect, test } from '@jest/globals';
import { hashOf } from '../../../src/unit/hash.ts';
import { daemon, type Subject } from './subject.ts';

/** A unit of each type that a machine without special hardware can start, with what it needs beside it. */
const types: readonly { name: string; contents: string; sub: string; beside?: readonly string[] }[] = [
  {
    name: 'type.socket',
    contents: '[Socket]\nListenStream=/run/type.sock\n',
    sub: 'listening',
    beside: ['type.service'],
  },
  { name: 'type.timer', contents: '[Timer]\nOnActiveSec=1h\n', sub: 'waiting', beside: ['type.service'] },
  {
    name: 'type.path',
    contents: '[Path]\nPathExists=/run/never\n',
    sub: 'waiting',
    beside: ['type.service'],
  },
  { name: 'type.target', contents: '[Unit]\nDescription=Several together\n', sub: 'active' },
  { name: 'type.slice', contents: '[Slice]\nCPUWeight=50\n', sub: 'active' },
  { name: 'run-type.mount', contents: '[Mount]\nWhat=tmpfs\nWhere=/run/type\nType=tmpfs\n', sub: 'mounted' },
  {
    name: 'type@1.socket',
    contents: '[Socket]\nListenStream=/run/%i.sock\n',
    sub: 'listening',
    beside: ['type@1.service'],
  },
  { name: 'type@1.timer', contents: '[Timer]\nOnActiveSec=1h\n', sub: 'waiting', beside: ['type@1.service'] },
  { name: 'type@1.target', contents: '[Unit]\nDescription=Instance %i\n', sub: 'active' },
];

/** Types that need a device, or a kernel feature that not every machine has, to be started. */
const inert: readonly { name: string; contents: string }[] = [
  { name: 'dev-type.swap', contents: '[Swap]\nWhat=/dev/type\n' },
  { name: 'run-inert.automount', contents: '[Automount]\nWhere=/run/inert\n' },
];

export function typesContract({ get, find, until, install, remove }: Subject): void {
  describe('every type of unit', () => {
    for (const { name, contents, sub, beside = [] } of types)
      test(`${name}: install, start, stop, remove`, async () => {
        const others = beside.map((each) => ({ name: each, contents: daemon }));
        await get().install([...others, { name, contents }], []);
        expect(await find(name)).toMatchObject({
          load: 'loaded',
          active: 'inactive',
          hash: hashOf(contents),
        });
        await get().start([name]);
        await until(name, { active: 'active', sub, result: 'success', started: true });
        await get().stop([name]);
        expect(await find(name)).toMatchObject({ active: 'inactive', started: false });
        await get().install([], [name, ...beside]);
        expect(await find(name)).toBeUndefined();
      });

    for (const { name, contents } of inert)
      test(`${name}: install, stop, remove`, async () => {
        await install(name, contents);
        expect(await find(name)).toMatchObject({ load: 'loaded', active: 'inactive', result: 'success' });
        await get().stop([name]);
        await remove(name);
        expect(await find(name)).toBeUndefined();
      });
  });
}
