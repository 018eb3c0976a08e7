import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkUnits } from './check.ts';
import { checkOptions } from './check-options.ts';
import { flotillaReaders } from './flotilla-options.ts';
import { unitTypes } from './name.ts';
import { parseUnit } from './parse.ts';
import { fleetSpellings } from './requirements.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/units.md'), 'utf8');
const examples = [...text.matchAll(/^```ini\n(.*?)^```$/gms)].map(([, example = '']) => example);

describe('docs/units.md', () => {
  test.each(examples)('example %#', (example) => {
    const { options, flaws } = parseUnit(example);
    expect([...flaws, ...checkOptions('app@1.service', options)]).toEqual([]);
  });

  test.each(Object.keys(flotillaReaders))('has %s in the table and in an example', (option) => {
    expect(text).toContain(`| \`${option}=\` |`);
    expect(examples.join('\n')).toMatch(new RegExp(`^${option}=`, 'm'));
  });

  test.each([...Object.keys(fleetSpellings), ...unitTypes])('names %s', (word) => {
    expect(text).toMatch(new RegExp(`\\b${word}\\b`));
  });
});

test('units/hello has a timer that goes where its service is', () => {
  const folder = join(import.meta.dirname, '../../units/hello');
  const names = readdirSync(folder).filter((name) => name !== 'units.yaml');
  const files = names.map((name) => ({ name, contents: readFileSync(join(folder, name)) }));
  const checked = checkUnits(files, { instances: { 'hello@.service': 2 } });
  const units = 'units' in checked ? checked.units : [];
  expect(units.find(({ name }) => name === 'hello-prune.timer')?.triggers).toBe('hello-prune.service');
});
