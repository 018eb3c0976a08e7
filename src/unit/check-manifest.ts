import { closest } from '../model/closest.ts';
import { type TargetState, targetStates } from '../model/unit.ts';
import { maxInstances } from './expand.ts';
import { isTemplate, templateOf } from './name.ts';
import { type Problem, problemIn } from './problem.ts';

/** What a folder's `units.yaml` says of the units in it. */
export interface UnitManifest {
  /** How many instances of a template to run: `{ 'hello@.service': 3 }` makes hello@1 to hello@3. */
  readonly instances?: Readonly<Record<string, number>>;
  /** By unit, instance or template name. Default: launched. */
  readonly targetState?: Readonly<Record<string, string>>;
  /** What to call the manifest in problems. Default: `units.yaml`. */
  readonly path?: string;
}

/** One of fleet's three words, exactly as written; undefined for anything else. */
export function readTargetState(word: string): TargetState | undefined {
  return targetStates.find((state) => state === word);
}

/** The target state the manifest gives a unit, its own name before its template's. */
export function targetStateOf(unit: string, { targetState = {} }: UnitManifest): TargetState {
  const word = targetState[unit] ?? targetState[templateOf(unit) ?? ''];
  return (word === undefined ? undefined : readTargetState(word)) ?? 'launched';
}

export function isInstanceCount(count: number | undefined): count is number {
  return count !== undefined && Number.isInteger(count) && count > 0 && count <= maxInstances;
}

/** Instances named for what is no template of the set, and counts that are none. */
export function checkInstances(files: readonly string[], manifest: UnitManifest): Problem[] {
  const { instances = {}, path = 'units.yaml' } = manifest;
  const templates = files.filter(isTemplate);
  return Object.entries(instances).flatMap(([name, count]) => {
    const flaw = instanceFlaw(name, count, templates);
    return flaw === undefined ? [] : [problemIn(path, { rule: 'instances', ...flaw })];
  });
}

function instanceFlaw(name: string, count: number, templates: readonly string[]) {
  if (!isTemplate(name)) {
    return {
      message: `instances of ${name}, which is not a template`,
      fix: 'a template is called name@.service',
    };
  }
  if (!templates.includes(name)) {
    return {
      message: `instances of ${name}, which is not among the files`,
      fix: suggestion(name, templates),
    };
  }
  if (isInstanceCount(count)) return undefined;
  return { message: `${count} instances of ${name}`, fix: `give a whole number from 1 to ${maxInstances}` };
}

/** Target states of unknown units, and words that are none. `units` are the names after expansion. */
export function checkTargetStates(units: readonly string[], manifest: UnitManifest): Problem[] {
  const { targetState = {}, path = 'units.yaml' } = manifest;
  const known = new Set([...units, ...units.flatMap((name) => templateOf(name) ?? [])]);
  return Object.entries(targetState).flatMap(([name, state]): Problem[] => {
    if (!known.has(name)) {
      const message = `target state of ${name}, which is not among the units`;
      return [problemIn(path, { rule: 'target-state', message, fix: suggestion(name, [...known]) })];
    }
    if (readTargetState(state) !== undefined) return [];
    const message = `target state "${state}" of ${name}`;
    return [
      problemIn(path, { rule: 'target-state', message, fix: `write one of ${targetStates.join(', ')}` }),
    ];
  });
}

function suggestion(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return meant === undefined ? 'add the file or remove the line' : `did you mean "${meant}"?`;
}
