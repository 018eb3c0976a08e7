import type { ChangeRequest } from '../../model/api.ts';
import { checkAttached } from '../../template/attach.ts';
import { type CheckResult, checkUnits } from '../../unit/check.ts';
import { hashOf } from '../../unit/hash.ts';
import { instanceOf, isTemplate } from '../../unit/name.ts';
import { parseUnit } from '../../unit/parse.ts';
import { formatProblem } from '../../unit/problem.ts';
import type { PutUnit } from './views.ts';

type Put = ChangeRequest['put'][number];

export interface CheckedPut {
  readonly units: readonly PutUnit[];
  /** All that is wrong, one line each. When there is any, nothing may be put. */
  readonly problems: readonly string[];
}

/** Checks files as everywhere else, and that a template is only kept, not run. */
export function checkPut(put: readonly Put[]): CheckedPut {
  const templates = put.filter(({ name }) => isTemplate(name));
  const others = put.filter(({ name }) => !isTemplate(name));
  const checked = [take(checkUnits(others), others), ...templates.map(checkTemplate)];
  return {
    units: checked.flatMap(({ units }) => units),
    problems: [
      ...checked.flatMap(({ problems }) => problems),
      ...duplicates(templates),
      ...put.flatMap(attachedProblems),
    ],
  };
}

/** Files of its templates are written, and their commands run, by root: what can't be used is refused here. */
function attachedProblems({ name, contents }: Put): string[] {
  return checkAttached(name, parseUnit(contents).options).map(
    ({ path, problem, fix }) => `${name}: ${path}: ${problem}; ${fix}`,
  );
}

function take(result: CheckResult, put: readonly Put[]): CheckedPut {
  if ('problems' in result) return { units: [], problems: result.problems.map(formatProblem) };
  const targets = new Map(put.map(({ name, targetState }) => [name, targetState]));
  const units = result.units.map(({ name, hash, contents, targetState }): PutUnit => {
    return { name, hash, contents, targetState: targets.get(name) ?? targetState };
  });
  return { units, problems: [] };
}

/** What `%i` may stand for: a number, or what `MachineID=%i` wants. */
const instances = ['1', '0'.repeat(32)];

/** Its options depend on the instance, so one must be thinkable for which they are right. */
function checkTemplate({ name, contents, targetState }: Put): CheckedPut {
  const results = instances.map((instance) =>
    checkUnits([{ name: instanceOf(name, instance), contents, path: name }]),
  );
  const [first = { units: [] }] = results;
  const result = results.find((one) => 'units' in one) ?? first;
  const active = targetState === 'inactive' ? [] : [cannotActivate(name)];
  if ('problems' in result) {
    return { units: [], problems: [...result.problems.map(formatProblem), ...active] };
  }
  const text = result.units[0]?.contents ?? contents;
  return { units: [{ name, hash: hashOf(text), contents: text, targetState }], problems: active };
}

export function cannotActivate(template: string): string {
  return `cannot activate template "${template}"; give it an instance: ${template.replace('@', '@1')}`;
}

function duplicates(templates: readonly Put[]): string[] {
  const names = templates.map(({ name }) => name);
  const twice = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return [...twice].map((name) => `${name}: put twice; choose one`);
}
