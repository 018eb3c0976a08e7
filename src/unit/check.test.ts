import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkUnits, type UnitSource } from './check.ts';
import type { UnitManifest } from './check-manifest.ts';
import { hashOf } from './hash.ts';
import { formatProblem } from './problem.ts';

const sleep = '[Service]\nExecStart=/bin/sleep 9\n';
const file = (name: string, contents: string | Uint8Array = sleep): UnitSource => ({
  name,
  contents,
  path: `units/${name}`,
});

function problemsOf(files: readonly UnitSource[], manifest?: UnitManifest): string[] {
  const result = checkUnits(files, manifest);
  return 'problems' in result ? result.problems.map(formatProblem) : [];
}

function unitsOf(files: readonly UnitSource[], manifest?: UnitManifest) {
  const result = checkUnits(files, manifest);
  return 'units' in result ? result.units : [];
}

describe('checkUnits', () => {
  test('expands templates and gives hash, target state and requirements', () => {
    const contents = `${sleep}[X-Fleet]\nMachineOf=data@%i.service\n`;
    const manifest = {
      instances: { 'web@.service': 2 },
      targetState: { 'web@.service': 'loaded', 'web@2.service': 'inactive' },
    };
    expect(unitsOf([file('web@.service', contents), file('a.service')], manifest)).toEqual([
      expect.objectContaining({ name: 'a.service', targetState: 'launched', hash: hashOf(sleep) }),
      expect.objectContaining({ name: 'web@1.service', contents, targetState: 'loaded' }),
      expect.objectContaining({
        ...{ name: 'web@2.service', targetState: 'inactive' },
        requirements: expect.objectContaining({ machineOf: ['data@2.service'] }),
      }),
    ]);
  });

  test('reports every problem of every file at once, with file, line and fix', () => {
    const bad = '[Unit]\nDescription\n[Service]\nType=simple\n[X-Fleet]\nGlobl=yes\nMachineMetadata=ssd\n';
    expect(problemsOf([file('bad.service', bad), file('worse.txt'), file('t@.service')])).toEqual([
      'units/bad.service:2: line "Description" has no "="; write Option=value',
      'units/bad.service:3: service without ExecStart=; add ExecStart=, or Type=oneshot, RemainAfterExit=yes and ExecStop=',
      'units/bad.service:6: unknown option "Globl" in [X-Fleet]; did you mean "Global"?',
      'units/bad.service:7: MachineMetadata=ssd is not key=value; write key=value without blanks around "=", several in quotes: MachineMetadata="disk=ssd" "region=eu"',
      'units/worse.txt: unit name "worse.txt" has unknown type "txt"; end it in one of .automount .device .mount .path .service .slice .socket .swap .target .timer',
      'units/t@.service: template t@.service has no instances; say in units.yaml how many: instances: { t@.service: 1 }',
    ]);
  });

  test.each([
    ['', 'file is empty'],
    [' \n\n', 'file is empty'],
    ['\ufeff[Unit]\n', 'byte order mark'],
    ['[Unit]\nA=\0\n', 'a.target:2: NUL byte'],
    ['[Unit]\nA=b\rc\n', 'carriage return'],
    [new Uint8Array([91, 65, 93, 10, 66, 61, 0xff, 10]), 'a.target:2: bytes that are not UTF-8'],
    [`[Unit]\nA=${'x'.repeat(1024 * 1024)}`, 'the limit is 1048576'],
  ])('refuses contents %#', (contents, text) => {
    expect(problemsOf([file('a.target', contents)])).toEqual([expect.stringContaining(text)]);
  });

  test('CRLF becomes LF, in continuations too', () => {
    const [unit] = unitsOf([file('a.service', '[Service]\r\nExecStart=/bin/a \\\r\n  b\r\n')]);
    expect(unit?.contents).toBe('[Service]\nExecStart=/bin/a \\\n  b\n');
    expect(unit?.hash).toBe(hashOf(unit?.contents ?? ''));
  });

  test('a name may come once only, after expansion too', () => {
    const files = [
      file('web@.service'),
      file('web@1.service'),
      file('b.service'),
      { ...file('b.service'), path: 'other/b.service' },
    ];
    expect(problemsOf(files, { instances: { 'web@.service': 1 } })).toEqual([
      'units/web@1.service: web@1.service also comes from units/web@.service; rename or remove one of the two',
      'other/b.service: b.service also comes from units/b.service; rename or remove one of the two',
    ]);
  });

  test.each([0, -1, 1.5, Number.NaN, 1001])('refuses %p instances', (count) => {
    expect(problemsOf([file('web@.service')], { instances: { 'web@.service': count } })).toEqual([
      expect.stringContaining('give a whole number from 1 to 1000'),
    ]);
  });

  test('a manifest may speak only of what is there', () => {
    const manifest = {
      instances: { 'a.service': 2, 'web@.service': 1 },
      targetState: { 'a.servic': 'loaded', 'a.service': 'started' },
      path: 'units/units.yaml',
    };
    expect(problemsOf([file('a.service')], manifest)).toEqual([
      'units/units.yaml: instances of a.service, which is not a template; a template is called name@.service',
      'units/units.yaml: instances of web@.service, which is not among the files; add the file or remove the line',
      'units/units.yaml: target state of a.servic, which is not among the units; did you mean "a.service"?',
      'units/units.yaml: target state "started" of a.service; write one of inactive, loaded, launched',
    ]);
  });

  test("a template's mistake is told once, and an instance's where only that one is wrong", () => {
    const contents = `${sleep}[X-Fleet]\nMachineOf=web@3.service\n`;
    expect(problemsOf([file('web@.service', contents)], { instances: { 'web@.service': 9 } })).toEqual([
      'units/web@.service:4: MachineOf=web@3.service names the unit itself; remove it',
    ]);
  });

  test('units that wait for one another for ever are found, in one file and over several', () => {
    const waits = (names: string) => `${sleep}[X-Flotilla]\nAfterReady=${names}\n`;
    const files = [
      file('a.service', waits('b.service elsewhere.service')),
      file('b.service', waits('c@1.service')),
      file('c@.service', waits('a.service')),
      file('d.service', waits('a.service')),
    ];
    expect(problemsOf(files.slice(0, 4), { instances: { 'c@.service': 2 } })).toEqual([
      'units/a.service:4: AfterReady= leads in a circle: a.service → b.service → c@1.service → a.service; none of them would ever start; take one out',
    ]);
    expect(problemsOf(files.slice(1, 4), { instances: { 'c@.service': 2 } })).toEqual([]);
  });

  test('a global timer needs a global service', () => {
    const timer = (lines: string) => file('a.timer', `[Timer]\nOnCalendar=daily\n${lines}`);
    const global = '[X-Fleet]\nGlobal=true\n';
    expect(problemsOf([timer(global), file('a.service')])).toEqual([
      'units/a.timer:4: a.timer is on every machine, but a.service, which it starts, on one only; set Global=true in a.service as well, or in neither',
    ]);
    expect(problemsOf([timer(''), file('a.service', sleep + global)])).toEqual([]);
    expect(problemsOf([timer(global), file('a.service', sleep + global)])).toEqual([]);
    expect(problemsOf([timer(global)])).toEqual([]);
  });

  test('an instance name that becomes too long is refused', () => {
    const name = `${'a'.repeat(246)}@.service`;
    expect(problemsOf([file(name)], { instances: { [name]: 1 } })).toEqual([
      expect.stringContaining('has 256 bytes'),
    ]);
  });
});

test('any text is either units or problems that say where and what', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '[Service]',
      '[X-Fleet]',
      '[X-Flotilla]',
      '[Timer]',
      '[Mount]',
      '[',
      'ExecStart=/bin/a',
      '\\',
    ),
    fc.constantFrom('Ready=', 'AfterReady=b.service', 'Global=true', 'MachineOf=%p', 'Where=/', 'Spread=%%'),
    fc.string(),
  );
  const source = fc
    .tuple(
      fc.constantFrom('a.service', 'b.service', 'w@.service', 'a.timer', '-.mount', 'a', ''),
      fc.array(line),
    )
    .map(([name, lines]) => file(name, lines.join('\n')));
  fc.assert(
    fc.property(fc.array(source, { maxLength: 4 }), (files) => {
      const manifest = { instances: { 'w@.service': 2 } };
      const result = checkUnits(files, files.some(({ name }) => name === 'w@.service') ? manifest : {});
      const problems = 'problems' in result ? result.problems.map(formatProblem) : [];
      for (const problem of problems) expect(problem).toMatch(/^(units\/|units\.yaml)\S*: .+; ./s);
      expect(problems.length > 0 || 'units' in result).toBe(true);
    }),
  );
});

describe('services as systemd would refuse them', () => {
  test.each([
    ['[Unit]\nDescription=x\n', 'no [Service] section'],
    ['[Service]\nExecStart=/bin/a\nExecStart=\n', 'service without ExecStart='],
    ['[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n', '2 ExecStart= lines'],
    ['[Service]\nType=oneshot\nExecStop=/bin/a\n', 'does not stay active'],
    ['[Service]\nType=oneshot\n', 'without ExecStart=, ExecStop= and SuccessAction='],
  ])('%j', (contents, text) =>
    expect(problemsOf([file('a.service', contents)])).toEqual([expect.stringContaining(text)]),
  );

  test.each([
    '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/a\n',
    '[Service]\nType=oneshot\nExecStart=/bin/a\nExecStart=/bin/b\n',
    '[Unit]\nSuccessAction=exit\n[Service]\nType=oneshot\n',
    '[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n',
  ])('accepts %j', (contents) => expect(problemsOf([file('a.service', contents)])).toEqual([]));

  test('other types need no [Service]', () =>
    expect(problemsOf([file('a.timer', '[Timer]\nOnBootSec=1\n')])).toEqual([]));
});
