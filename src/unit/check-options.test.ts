import { describe, expect, test } from '@jest/globals';
import { checkOptions } from './check-options.ts';
import { parseUnit } from './parse.ts';

const check = (lines: string, unit = 'web@1.service') =>
  checkOptions(unit, parseUnit(`[X-Fleet]\n${lines}\n`).options);
const id = '0123456789abcdef0123456789abcdef';

describe('checkOptions', () => {
  test.each([
    `MachineID=${id}`,
    'MachineID=01234567',
    'MachineMetadata="zone=a" "disk=fast one"',
    'Conflicts=%p@*.service a.service',
    'Global=true\nMachineMetadata=zone=a\nConflicts=b.service',
    'Replaces="a.service" "b@*.service"\nMachineOf=c.service',
    'MachineOf=%p-data@%i.service',
    `MachineID=${id}\nGlobal=false`,
  ])('accepts %j', (lines) => expect(check(lines)).toEqual([]));

  test.each([
    ['MachineMetdata=a=b', 'unknown-option', 'did you mean "MachineMetadata"?'],
    ['X-Global=true', 'unknown-option', 'did you mean "Global"?'],
    [
      'Cheese=1',
      'unknown-option',
      'the options are MachineID, MachineOf, MachineMetadata, Conflicts, Global, Replaces',
    ],
    ['MachineID=core-1', 'machine-id', '32 lower-case hex digits'],
    ['MachineID=', 'machine-id', '32 lower-case hex digits'],
    [`MachineID=${id.toUpperCase()}`, 'machine-id', 'lower-case'],
    ['MachineOf=a.service b.service', 'machine-of', 'MachineOf="a.service" "b.service"'],
    ['MachineOf=a', 'machine-of', 'full unit name'],
    ['MachineOf=web@%i.service', 'machine-of', 'remove it'],
    ['MachineMetadata=ssd', 'metadata', 'key=value'],
    ['MachineMetadata=a=b c=d', 'metadata', 'in quotes'],
    ['MachineMetadata=a = b', 'metadata', 'without blanks'],
    ['Conflicts=', 'glob', 'remove the line'],
    ['Conflicts=web@[', 'glob', 'close "["'],
    ['Replaces=a.service b.service', 'glob', 'in quotes'],
    ['Global=y', 'boolean', 'true or false'],
    ['MachineMetadata=host=%H', 'specifier', '%n, %N, %p and %i'],
    ['Conflicts=w*.service\nMachineOf=worker.service', 'combination', 'narrow the glob'],
    ['Replaces=w*.service\nMachineOf=worker.service', 'combination', 'narrow the glob'],
  ])('refuses %j for %s', (lines, rule, fix) => {
    expect(check(lines)).toEqual([
      expect.objectContaining({ rule, line: 2, fix: expect.stringContaining(fix) }),
    ]);
  });

  test.each([
    ['MachineID', 'MachineOf'],
    ['MachineID', 'Conflicts'],
    ['MachineID', 'Global'],
    ['MachineID', 'Replaces'],
    ['Global', 'MachineOf'],
    ['Global', 'Replaces'],
    ['Conflicts', 'Replaces'],
  ])('%s and %s exclude each other, in either order', (one, other) => {
    const value: Record<string, string> = { MachineID: id, Global: 'true' };
    const lines = [one, other].map((name) => `${name}=${value[name] ?? 'x.service'}`);
    const flaw = expect.objectContaining({
      rule: 'combination',
      message: `${one} and ${other} exclude each other`,
    });
    expect(check(lines.join('\n'))).toEqual([flaw]);
    expect(check(lines.reverse().join('\n'))).toEqual([flaw]);
  });

  test('a misspelt section is found', () => {
    const { options } = parseUnit('[X-Flotila]\nWeight=3\n[X-fleet]\nGlobal=true\n[X-Other]\nA=b\n');
    expect(checkOptions('a.service', options)).toEqual([
      expect.objectContaining({ rule: 'unknown-section', line: 2, fix: 'did you mean [X-Flotilla]?' }),
      expect.objectContaining({ rule: 'unknown-section', line: 4, fix: 'did you mean [X-Fleet]?' }),
    ]);
  });
});
