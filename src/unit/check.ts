import { compare } from '../model/compare.ts';
import type { TargetState, UnitFile } from '../model/unit.ts';
import { checkAfterReady } from './check-after-ready.ts';
import { checkInstall } from './check-install.ts';
import {
  checkInstances,
  checkTargetStates,
  isInstanceCount,
  targetStateOf,
  type UnitManifest,
} from './check-manifest.ts';
import { checkOptions } from './check-options.ts';
import { checkService } from './check-service.ts';
import { readText } from './check-text.ts';
import { checkTriggers } from './check-triggers.ts';
import { checkType } from './check-types.ts';
import { expandTemplate } from './expand.ts';
import { hashOf } from './hash.ts';
import { checkName, isTemplate } from './name.ts';
import { readNeeds, type UnitNeeds } from './needs.ts';
import { type ParsedUnit, parseUnit } from './parse.ts';
import { type Flaw, type Problem, problemIn } from './problem.ts';
import type { Source } from './source.ts';

/** A file as it was found in a folder of units. */
export interface UnitSource {
  /** File name without folder, which is the unit's name: `hello@.service`. */
  readonly name: string;
  readonly contents: string | Uint8Array;
  /** What to call the file in problems: `units/hello/hello@.service`. Default: the name. */
  readonly path?: string;
}

/** A unit that passed every check, templates expanded. */
export interface CheckedUnit extends UnitFile, UnitNeeds {
  /** sha256 of `contents`. */
  readonly hash: string;
  readonly targetState: TargetState;
}

export type CheckResult =
  | { readonly units: readonly CheckedUnit[] }
  | { readonly problems: readonly Problem[] };

/** Checks a whole set of unit files and reports every problem of every file at once. Units come sorted by name. */
export function checkUnits(files: readonly UnitSource[], manifest: UnitManifest = {}): CheckResult {
  const sources = files.map((file) => checkSource(file, manifest));
  const names = sources.flatMap(({ units }) => units.map(({ name }) => name));
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...checkDuplicates(sources),
    ...checkAfterReady(sources),
    ...checkTriggers(sources),
    ...checkInstances(
      files.map(({ name }) => name),
      manifest,
    ),
    ...checkTargetStates(names, manifest),
  ];
  if (problems.length > 0) return { problems };
  const units = sources.flatMap(({ units, parsed }) => units.map((unit) => finish(unit, parsed, manifest)));
  return { units: units.sort((a, b) => compare(a.name, b.name)) };
}

interface CheckedSource extends Source {
  readonly units: readonly UnitFile[];
  readonly problems: readonly Problem[];
}

function checkSource({ name, contents, path = name }: UnitSource, manifest: UnitManifest): CheckedSource {
  const { text, flaws } = readText(contents);
  const parsed = parseUnit(text ?? '');
  const file = { name, contents: text ?? '' };
  const template = isTemplate(name);
  const count = manifest.instances?.[name];
  const units = template ? expandTemplate(file, isInstanceCount(count) ? count : 0) : [file];
  const all = [
    ...firstFlaws([name, ...units.map((unit) => unit.name)], checkName),
    ...(template && count === undefined ? [withoutInstances(name, manifest)] : []),
    ...flaws,
    ...(text === undefined ? [] : checkContents(name, parsed, units)),
  ];
  return { path, parsed, units, problems: all.map((flaw) => problemIn(path, flaw)) };
}

function withoutInstances(name: string, { path = 'units.yaml' }: UnitManifest): Flaw {
  const fix = `say in ${path} how many: instances: { ${name}: 1 }`;
  return { rule: 'instances', message: `template ${name} has no instances`, fix };
}

/** A template's options are checked for each instance, as %i makes them differ. */
function checkContents(name: string, parsed: ParsedUnit, units: readonly UnitFile[]): Flaw[] {
  const type = name.endsWith('.service') ? checkService(name, parsed) : checkType(name, parsed);
  const names = units.length > 0 ? units.map((unit) => unit.name) : [name];
  const { options } = parsed;
  return [
    ...parsed.flaws,
    ...type,
    ...firstFlaws(names, (unit) => [...checkOptions(unit, options), ...checkInstall(unit, options)]),
  ];
}

/** The flaws of the first name that has any: a template's mistake is told once, not once for each instance. */
function firstFlaws(names: readonly string[], check: (name: string) => Flaw[]): Flaw[] {
  for (const name of names) {
    const flaws = check(name);
    if (flaws.length > 0) return flaws;
  }
  return [];
}

function finish(unit: UnitFile, parsed: ParsedUnit, manifest: UnitManifest): CheckedUnit {
  return {
    ...unit,
    hash: hashOf(unit.contents),
    targetState: targetStateOf(unit.name, manifest),
    ...readNeeds(unit.name, parsed.options),
  };
}

function checkDuplicates(sources: readonly Source[]): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { path, units } of sources) {
    for (const { name } of units) {
      const other = first.get(name);
      const message = `${name} also comes from ${other}`;
      if (other === undefined) first.set(name, path);
      else
        problems.push(
          problemIn(path, { rule: 'duplicate-name', message, fix: 'rename or remove one of the two' }),
        );
    }
  }
  return problems;
}
