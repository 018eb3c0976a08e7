import * as z from 'zod';
import { fleetHashOf } from '../../src/unit/hash.ts';
import { hasUnitType, isTemplate, parseUnitName, templateOf, withServiceType } from '../../src/unit/name.ts';
import { parseUnit, type UnitOption } from '../../src/unit/parse.ts';
import { fleetSection } from '../../src/unit/requirements.ts';
import { serialiseOptions } from '../../src/unit/serialise.ts';
import { splitValues } from '../../src/unit/values.ts';
import { type Case, vectorCase } from './case.ts';

export const option = z.object({ section: z.string(), name: z.string(), value: z.string() });

/** Flaws at which fleet gave up on a file; the others it read over. */
const fatal = ['assignment', 'section-header'];

const unitfile = vectorCase(
  z.object({ raw: z.string() }),
  z.object({ error: z.string().nullable() }).loose(),
  ({ raw }, output) => {
    const { options: parsed, flaws } = parseUnit(raw);
    const options = parsed.map(({ section, name, value }) => ({ section, name, value }));
    const { error } = output;
    if (error !== null) {
      const refused = flaws.some(({ rule }) => fatal.includes(rule));
      return { expected: error, got: refused ? error : options, rule: lineLength(error) };
    }
    if (flaws.some(({ rule }) => fatal.includes(rule))) return { expected: output, got: flaws };
    const description = options.find(({ section, name }) => section === 'Unit' && name === 'Description');
    return {
      expected: output,
      got: {
        error,
        options,
        contents: contentsOf(options),
        serialized: serialiseOptions(options),
        hash: fleetHashOf(options),
        description: description?.value ?? '',
      },
    };
  },
);

export function lineLength(error: string | null): string | undefined {
  return error?.startsWith('line too long') ? 'line-length' : undefined;
}

/** Maps first: a unit file may well have an option called "constructor". */
function contentsOf(options: readonly UnitOption[]): object {
  const contents = new Map<string, Map<string, string[]>>();
  for (const { section, name, value } of options) {
    const names = contents.get(section) ?? new Map<string, string[]>();
    contents.set(section, names);
    const values = section === fleetSection ? splitValues(value) : [value];
    names.set(name, [...(names.get(name) ?? []), ...values]);
  }
  return Object.fromEntries([...contents].map(([section, names]) => [section, Object.fromEntries(names)]));
}

const named = z.object({ name: z.string() });

export const unitKinds: Readonly<Record<string, Case>> = {
  unitfile,
  'multivalue-line': vectorCase(z.object({ line: z.string() }), z.unknown(), ({ line }, expected) => ({
    expected,
    got: { values: splitValues(line) },
  })),
  unitname: vectorCase(named, z.unknown(), ({ name }, expected) => {
    const parts = parseUnitName(name);
    if (parts === undefined) return { expected, got: null };
    const { stem, prefix, template = '', instance } = parts;
    const is = { is_instance: templateOf(name) !== undefined, is_template: isTemplate(name) };
    return { expected, got: { name: stem, prefix, template, instance, ...is } };
  }),
  'recognized-unit-type': vectorCase(named, z.unknown(), ({ name }, expected) => ({
    ...{ expected, got: { ok: hasUnitType(name) } },
    rule: /\.(slice|swap|target|device)$/.test(name) ? 'name-type' : undefined,
  })),
  'default-unit-type': vectorCase(named, z.unknown(), ({ name }, expected) => ({
    expected,
    got: { name: withServiceType(name) },
  })),
};
