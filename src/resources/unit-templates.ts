import { join } from 'node:path';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { attachTemplates, checkAttached, parseAttached } from '../template/attach.ts';
import { rangesOf } from '../template/key-store.ts';
import { servicesView } from '../template/services-view.ts';
import { readAttached } from '../unit/attached-templates.ts';
import type { CheckedUnit } from '../unit/check.ts';
import { parseUnit } from '../unit/parse.ts';
import type { UnitFolder } from './unit-folder.ts';

/** The folder with the templates that its units name put into their files. */
export function withTemplates(folder: UnitFolder): UnitFolder {
  const { path, templates } = folder;
  const find = (name: string) => {
    const contents = templates.get(name);
    return contents === undefined ? undefined : { path: join(path, name), contents };
  };
  const attached = folder.files.map(({ name, contents }) => {
    const text = contents.toString();
    const unit = join(path, name);
    const { problems, used, ...made } = attachTemplates(unit, text, find);
    const problem = problems.length > 0 ? problems : checkAttached(unit, parseUnit(made.contents).options);
    // What is no text stays as it was, for the check that says so.
    return { name, contents: made.contents === text ? contents : made.contents, problems: problem, used };
  });
  const used = new Set(attached.flatMap((each) => each.used));
  const unused = [...templates.keys()].filter((name) => !used.has(name));
  return {
    ...folder,
    files: attached.map(({ name, contents }) => ({ name, contents })),
    problems: [
      ...folder.problems,
      ...distinct(attached.flatMap(({ problems }) => problems)),
      ...(attached.some(({ problems }) => problems.length > 0)
        ? []
        : unused.map((name) => nobodys(join(path, name)))),
    ],
  };
}

/** Two units may name the same template, whose mistakes are told once. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((each) => [`${each.path} ${each.problem}`, each])).values()];
}

function nobodys(path: string): Problem {
  if (path.endsWith('.toml')) {
    const fix = 'add Template= to the [X-Flotilla] of the unit it is for, or take it away';
    return { path, problem: 'no unit here names it', fix };
  }
  const problem = 'no template resource in use here has it as src';
  return { path, problem, fix: 'name it there, or take it away' };
}

interface Use {
  readonly unit: string;
  readonly name: string;
  readonly text: string;
  readonly resource: ReturnType<typeof parseAttached>['resource'];
}

function usesOf(units: readonly CheckedUnit[]): Use[] {
  return units.flatMap(({ name: unit, contents }) =>
    readAttached(parseUnit(contents).options).map((attached): Use => {
      const { resource } = parseAttached(attached);
      return { unit, name: attached.name, text: JSON.stringify(attached), resource };
    }),
  );
}

/** One file has one template: on a machine that has both units the one would undo the other. */
export function checkTemplateFiles(units: readonly CheckedUnit[]): Problem[] {
  const first = new Map<string, Use>();
  const problems = usable(units).flatMap((use): Problem[] => {
    const { dest } = use.resource;
    const other = first.get(dest) ?? use;
    first.set(dest, other);
    if (other.text === use.text) return [];
    const problem = `${use.name} writes ${dest}, as does ${other.name} of ${other.unit}`;
    return [{ path: use.unit, problem, fix: 'give each a dest of its own, or both units the same template' }];
  });
  return problems;
}

/** What is wrong with the rest was said already. */
function usable(units: readonly CheckedUnit[]): Use[] {
  const isUsable = ({ name, contents }: CheckedUnit) =>
    checkAttached(name, parseUnit(contents).options).length === 0;
  return usesOf(units.filter(isUsable));
}

/**
 * etcd would refuse such keys, and the unit would wait for as long.
 * @throws InvalidInput with every template that wants keys below none of the prefixes.
 */
export function checkTemplateKeys(units: readonly CheckedUnit[], prefixes: readonly string[]): void {
  const isAllowed = (range: string) =>
    [...prefixes, `${servicesView}/`].some((prefix) => `${range}/`.startsWith(prefix));
  const problems = usable(units).flatMap(({ unit, name, resource }) =>
    rangesOf(resource).flatMap((range): Problem[] => {
      if (isAllowed(range)) return [];
      const problem = `machines may not read keys below ${range}`;
      return [{ path: `${unit}: ${name}`, problem, fix: fixOf(range) }];
    }),
  );
  if (problems.length > 0) throw new InvalidInput('These units cannot be run:', distinct(problems));
}

function fixOf(range: string): string {
  if (`${range}/`.startsWith('/flotilla/')) return `of Flotilla's own templates see ${servicesView} alone`;
  if (range === '/') return 'name the directories that the template needs in keys, not the whole of etcd';
  return `name ${range}/, or a directory that it is in, in flotilla:templateKeys`;
}
