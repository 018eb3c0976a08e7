import { InvalidInput, type Problem } from '../model/problem.ts';
import { type AttachedTemplate, readAttached, writeAttached } from '../unit/attached-templates.ts';
import { readFlotillaOptions } from '../unit/flotilla-options.ts';
import { parseUnit, type UnitOption } from '../unit/parse.ts';
import { parseTemplate, type Template } from './render.ts';
import { parseResource, type TemplateResource } from './resource.ts';
import { TemplateError } from './template-error.ts';

/** A file beside a unit's. */
export interface FileBeside {
  /** What to call it in problems. */
  readonly path: string;
  readonly contents: string;
}

export interface Attached {
  /** The unit's file, with all that its `Template=` names. */
  readonly contents: string;
  readonly problems: readonly Problem[];
  /** Names of the files that were used or asked for. */
  readonly used: readonly string[];
}

/**
 * Puts the templates that a unit names into its file, so that they are deployed, kept, moved and rolled back with it.
 *
 * @param unit where the unit's file lies, for problems
 * @param find the file of this name beside the unit's; undefined when there is none
 */
export function attachTemplates(
  unit: string,
  contents: string,
  find: (name: string) => FileBeside | undefined,
): Attached {
  const { options } = parseUnit(contents);
  const there = new Set(readAttached(options).map(({ name }) => name));
  const names = readFlotillaOptions('', options).templates ?? [];
  const parts = names.map((name) => attach(unit, name, there.has(name), find));
  return {
    contents: `${contents}${writeAttached(parts.flatMap(({ template }) => template ?? []))}`,
    problems: parts.flatMap(({ problems }) => problems),
    used: parts.flatMap(({ used }) => used),
  };
}

interface Part {
  readonly template?: AttachedTemplate;
  readonly problems: readonly Problem[];
  readonly used: readonly string[];
}

function attach(
  unit: string,
  name: string,
  isThere: boolean,
  find: (name: string) => FileBeside | undefined,
): Part {
  const file = find(name);
  if (isThere) {
    if (file === undefined) return { problems: [], used: [] };
    const fix = 'take the section [X-Template] out of the unit, or the file away';
    return { problems: [{ path: unit, problem: `${name} is in the unit and beside it`, fix }], used: [name] };
  }
  if (file === undefined) return { problems: [notBeside(unit, `Template=${name}`)], used: [name] };
  const { value: resource, problems } = attempt(() => parseResource(file.path, file.contents));
  if (resource === undefined) return { problems, used: [name] };
  const used = [name, resource.src];
  const source = find(resource.src);
  if (source === undefined) return { problems: [notBeside(file.path, `src = "${resource.src}"`)], used };
  const parsed = attempt(() => parseTemplate({ file: source.path, text: source.contents }));
  return {
    template: { name, resource: file.contents, text: source.contents },
    problems: parsed.problems,
    used,
  };
}

function notBeside(path: string, said: string): Problem {
  return { path, problem: `${said} is no file here`, fix: 'put it into the same folder, or mend the name' };
}

/** All that is wrong with the templates in a unit's file, however they came there. */
export function checkAttached(unit: string, options: readonly UnitOption[]): readonly Problem[] {
  const attached = readAttached(options);
  const there = new Set(attached.map(({ name }) => name));
  const missing = (readFlotillaOptions('', options).templates ?? []).filter((name) => !there.has(name));
  return [
    ...missing.map(
      (name): Problem => ({
        path: unit,
        problem: `Template=${name} comes without its text`,
        fix: 'push the unit with `npm run up` or `flotilla`, which put the files beside it into it',
      }),
    ),
    ...attached.flatMap((one) => attempt(() => parseAttached(one)).problems),
  ];
}

/** @throws InvalidInput or TemplateError */
export function parseAttached({ name, resource, text }: AttachedTemplate): {
  readonly resource: TemplateResource;
  readonly template: Template;
} {
  const parsed = parseResource(name, resource);
  return { resource: parsed, template: parseTemplate({ file: parsed.src, text }) };
}

function attempt<T>(parse: () => T): { readonly value?: T; readonly problems: readonly Problem[] } {
  try {
    return { value: parse(), problems: [] };
  } catch (error) {
    if (error instanceof TemplateError) return { problems: [error] };
    if (error instanceof InvalidInput) return { problems: error.problems };
    throw error;
  }
}
