import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkUnits } from '../../unit/check.ts';
import { checkPut } from './check-put.ts';
import { readFleetFile, writeFleetFile } from './fleet/options.ts';

const service = '[Service]\nExecStart=/bin/true\n';
const inactive = (name: string, contents = service) => ({ name, contents, targetState: 'inactive' as const });

describe('units that are put', () => {
  test('keep their target states, templates among them', () => {
    const { units, problems } = checkPut([
      inactive('b@.service'),
      { ...inactive('a.service'), targetState: 'launched' },
    ]);
    expect(problems).toEqual([]);
    expect(units.map(({ name, targetState }) => [name, targetState])).toEqual([
      ['a.service', 'launched'],
      ['b@.service', 'inactive'],
    ]);
  });

  test('a template is right when some instance is', () => {
    const pinned = `${service}[X-Fleet]\nMachineID=%i\n`;
    expect(checkPut([inactive('pin@.service', pinned)]).problems).toEqual([]);
    const wrong = `${service}[X-Fleet]\nMachineID=here\n`;
    expect(checkPut([inactive('pin@.service', wrong)]).problems).toEqual([
      expect.stringMatching(/^pin@\.service:4: MachineID=here is not a machine id/),
    ]);
  });

  test('a template comes once', () => {
    const twice = checkPut([inactive('b@.service'), inactive('b@.service')]);
    expect(twice.problems).toEqual(['b@.service: put twice; choose one']);
  });

  test('any bytes are units or problems, never a crash', () => {
    const words = fc.constantFrom(
      '[',
      ']',
      '=',
      '\\',
      '\n',
      '\r',
      '#',
      ';',
      '%i',
      '"',
      'X-Fleet',
      'ExecStart',
      '\0',
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''))),
    );
    const names = fc.oneof(
      fc.string(),
      fc.constantFrom('a.service', 'a@.service', 'a@b@c.service', 'x.mount'),
    );
    fc.assert(
      fc.property(names, bytes, (name, contents) => {
        const result = checkUnits([{ name, contents }]);
        expect('units' in result || result.problems.length > 0).toBe(true);
        const put = checkPut([inactive(name, Buffer.from(contents).toString())]);
        expect(put.units.length + put.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("options that become a file are read from it again, by fleet's hash too", () => {
    const text = fc.string({ unit: fc.constantFrom(...'abc =[]#;%"\\\t') });
    const name = fc.constantFrom('ExecStart', 'After', 'Environment');
    const option = fc.record({ section: fc.constantFrom('Unit', 'Service'), name, value: text });
    fc.assert(
      fc.property(fc.array(option, { minLength: 1, maxLength: 6 }), (options) => {
        let contents: string;
        try {
          contents = writeFleetFile(options);
        } catch (error) {
          return expect(String(error)).toContain('line end');
        }
        const { hash, options: read } = readFleetFile(contents);
        expect(read.length).toBe(options.length);
        expect(readFleetFile(writeFleetFile(read)).hash).toBe(hash);
      }),
    );
  });
});
