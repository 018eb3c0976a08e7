import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAttached, writeAttached } from './attached-templates.ts';
import { checkUnits } from './check.ts';
import { parseUnit } from './parse.ts';

const unit = '[Service]\nExecStart=/bin/true';
const line = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '  a',
    'a\\',
    '[Service]',
    '# no comment',
    '{{range gets "/a/*"}}',
    'a\r',
    '\ufeff',
    '\0',
  ),
);
const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));

test('whatever is attached to a unit is found again, and is no part of the unit', () => {
  const templates = fc.array(fc.record({ name: fc.constantFrom('a.toml', 'b.toml'), resource: text, text }));
  fc.assert(
    fc.property(templates, (attached) => {
      const contents = `${unit}${writeAttached(attached)}`;
      const { options, flaws } = parseUnit(contents);
      expect(flaws).toEqual([]);
      expect(readAttached(options)).toEqual(attached);
      expect(options.filter(({ section }) => section === 'Service')).toHaveLength(1);
      expect(checkUnits([{ name: 'a.service', contents }])).not.toHaveProperty('problems');
    }),
  );
});

test('a backslash at the end of the unit does not swallow the section, and is told as before', () => {
  const contents = `${unit} \\${writeAttached([{ name: 'a.toml', resource: 'r', text: 't' }])}`;
  const { options, flaws } = parseUnit(contents);
  expect(readAttached(options)).toHaveLength(1);
  expect(flaws).toMatchObject([{ rule: 'continuation' }]);
});

test('lines of somebody else are passed over', () => {
  const { options } = parseUnit(
    '[X-Template]\nText="before"\nName=a.toml\nText=bare\nText=1\nText="b"\nOther="x"\n',
  );
  expect(readAttached(options)).toEqual([{ name: 'a.toml', resource: '', text: 'b' }]);
});
