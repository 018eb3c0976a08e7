import * as z from 'zod';
import { writeFleetFile } from '../../src/agent/api/fleet/options.ts';
import { matchesMachineId, missingMetadata, shortId } from '../../src/scheduler/match.ts';
import { readTargetState } from '../../src/unit/check-manifest.ts';
import { checkOptions } from '../../src/unit/check-options.ts';
import { compileGlob, matchesGlob } from '../../src/unit/glob.ts';
import { checkName } from '../../src/unit/name.ts';
import type { UnitOption } from '../../src/unit/parse.ts';
import { fleetSection, fleetValues, readRequirements } from '../../src/unit/requirements.ts';
import { type Case, vectorCase } from './case.ts';
import { exceptions } from './exceptions.ts';
import { lineLength, option } from './unit-kinds.ts';

/** An option of our own in fleet's section is one that fleet did not know. */
const unknownOption = ['unknown-option', 'wrong-section'];

/** `validate_error` is about option names only: that is all fleet checked at this point. */
const requirements = vectorCase(
  z.object({ name: z.string(), options: z.array(option) }),
  z
    .object({ validate_error: z.string().nullable(), metadata: z.record(z.string(), z.array(z.string())) })
    .loose(),
  ({ name, options }, output) => {
    const read = readRequirements(name, options);
    const fleets = options.filter(({ section }) => section === fleetSection);
    const unknown = checkOptions(name, fleets).find(({ rule }) => unknownOption.includes(rule));
    return {
      expected: {
        ...output,
        metadata: sortValues(output.metadata),
        validate_error: output.validate_error !== null,
      },
      got: {
        requirements: Object.fromEntries(fleetValues(name, options)),
        peers: read.machineOf,
        conflicts: read.conflicts,
        replaces: read.replaces,
        has_required_target: read.machineId !== undefined,
        required_target: read.machineId ?? '',
        metadata: sortValues(read.metadata),
        is_global: read.global,
        validate_error: unknown !== undefined,
      },
    };
  },
);

function sortValues(metadata: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(metadata).map(([key, values]) => [key, [...values].sort()]));
}

const verdict = z.object({ valid: z.boolean(), error: z.string().nullable() });

/** A stricter verdict is excepted only if each single rule that led to it is. */
function stricter(kind: string, rules: readonly string[]): string | undefined {
  return rules.every((rule) => rule in (exceptions[kind] ?? {})) ? rules[0] : undefined;
}

const validateName = vectorCase(z.object({ name: z.string() }), verdict, ({ name }, { valid }) => {
  const rules = checkName(name).map(({ rule }) => rule);
  return {
    expected: { valid },
    got: { valid: rules.length === 0 },
    rule: valid ? stricter('validate-name', rules) : undefined,
  };
});

const validateOptions = vectorCase(
  z.object({ options: z.array(option) }),
  verdict,
  ({ options }, { valid, error }) => {
    const rules = [...checkOptions('', options).map(({ rule }) => rule), ...misread(options)];
    // Refusing what fleet refuses for another reason than fleet's would be luck.
    const ours = valid
      ? rules.length === 0
      : !rules.some((rule) => ['combination', 'misread'].includes(rule));
    const rule = valid ? stricter('validate-options', rules) : lineLength(error);
    return { expected: { valid }, got: { valid: ours }, rule };
  },
);

/** The API first makes a unit file of the options. */
function misread(options: readonly UnitOption[]): string[] {
  try {
    writeFleetFile(options);
    return [];
  } catch {
    return ['misread'];
  }
}

const metadata = z.record(z.string(), z.string());

export const requirementKinds: Readonly<Record<string, Case>> = {
  requirements,
  'job-state': vectorCase(
    z.object({ value: z.string() }),
    z.looseObject({ error: z.string().nullable() }),
    ({ value }, output) => {
      const state = readTargetState(value);
      return {
        expected: { ...output, error: output.error !== null },
        got: { state: state ?? 'inactive', error: state === undefined },
      };
    },
  ),
  'match-machine-id': vectorCase(
    z.object({ machine_id: z.string(), wanted: z.string() }),
    z.unknown(),
    ({ machine_id, wanted }, expected) => ({
      expected,
      got: { ok: matchesMachineId(machine_id, wanted), short_id: shortId(machine_id) },
    }),
  ),
  'has-metadata': vectorCase(
    z.object({ machine_metadata: metadata, required: z.record(z.string(), z.array(z.string())) }),
    z.unknown(),
    ({ machine_metadata, required }, expected) => ({
      expected,
      got: { ok: missingMetadata(machine_metadata, required) === undefined },
    }),
  ),
  glob: vectorCase(
    z.object({ pattern: z.string(), target: z.string() }),
    z.unknown(),
    ({ pattern, target }, expected) => ({
      expected,
      got: { match: matchesGlob(compileGlob(pattern), target) },
    }),
  ),
  'validate-name': validateName,
  'validate-options': validateOptions,
};
