import { describe, expect, test } from '@jest/globals';
import { parseUnit } from './parse.ts';
import { readBoolean, readRequirements, splitPair } from './requirements.ts';
import { expandSpecifiers, unknownSpecifiers } from './specifier.ts';
import { splitValues } from './values.ts';

const read = (unit: string, lines: string) =>
  readRequirements(unit, parseUnit(`[X-Fleet]\n${lines}\n`).options);
const none = { machineOf: [], metadata: {}, conflicts: [], global: false, replaces: [] };

describe('readRequirements', () => {
  test('asks nothing without the section', () => {
    expect(readRequirements('a.service', parseUnit('[Unit]\nConflicts=b.service\n').options)).toEqual(none);
  });

  test('the first MachineID counts, in the newest spelling used', () => {
    expect(
      read('a.service', 'X-ConditionMachineBootID=c\nX-ConditionMachineID=b\nMachineID=a\nMachineID=z')
        .machineId,
    ).toBe('a');
    expect(read('a.service', 'X-ConditionMachineBootID=c').machineId).toBe('c');
  });

  test('values of a key add up, keys stand side by side', () => {
    const lines =
      'MachineMetadata="zone=a" "zone=b"\nX-ConditionMachineMetadata=disk=ssd\nMachineMetadata=zone=a';
    expect(read('a.service', lines).metadata).toEqual({ disk: ['ssd'], zone: ['a', 'b'] });
  });

  test('Conflicts splits where Go sees a blank: at U+0085, not at a byte order mark', () => {
    const { options } = parseUnit('[X-Fleet]\nConflicts=a\u0085b\u3000c\ufeffd\n');
    expect(readRequirements('x.service', options).conflicts).toEqual(['a', 'b', 'c\ufeffd']);
  });

  test('only Conflicts splits at blanks without quotes', () => {
    const { conflicts, replaces, machineOf } = read(
      'a.service',
      'Conflicts=x y\nX-Conflicts=z\nReplaces=x y\nMachineOf=x y',
    );
    expect({ conflicts, replaces, machineOf }).toEqual({
      conflicts: ['z', 'x', 'y'],
      replaces: ['x y'],
      machineOf: ['x y'],
    });
  });

  test('the last Global counts', () => {
    expect([
      read('a.service', 'Global=no\nGlobal=Yes').global,
      read('a.service', 'Global=yes\nGlobal=').global,
    ]).toEqual([true, false]);
  });

  test('specifiers mean the instance', () => {
    const { machineOf, conflicts } = read(
      'web@2.service',
      'MachineOf=%p-data@%i.service\nConflicts=%p@*.service %n %N',
    );
    expect({ machineOf, conflicts }).toEqual({
      machineOf: ['web-data@2.service'],
      conflicts: ['web@*.service', 'web@2.service', 'web@2'],
    });
  });
});

test('splitValues', () => {
  expect(splitValues('"a b" "c"')).toEqual(['a b', 'c']);
  expect(splitValues('a b')).toEqual(['a b']);
  expect(splitValues('"a')).toEqual(['"a']);
  expect(splitValues('""')).toEqual(['']);
});

test('splitPair', () => {
  expect(splitPair('disk=ssd')).toEqual({ key: 'disk', value: 'ssd' });
  expect(['disk', 'disk=', '=ssd', 'a=b=c'].map(splitPair)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('readBoolean knows no y and no words of Object', () => {
  expect(['ON', 't', '0', 'off', 'y', '', 'constructor'].map(readBoolean)).toEqual([
    true,
    true,
    false,
    false,
    undefined,
    undefined,
    undefined,
  ]);
});

test('specifiers outside the four stay', () => {
  expect(expandSpecifiers('%p-%H-%%', 'a@1.service')).toBe('a-%H-%%');
  expect(unknownSpecifiers('%p-%H-%i-%H')).toEqual(['%H']);
  expect(expandSpecifiers('%n', 'noname')).toBe('%n');
});
