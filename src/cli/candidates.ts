import { basename, dirname, join } from 'node:path';
import type { UnitView } from '../model/api.ts';
import type { UnitFile } from '../model/unit.ts';
import type { AgentApi } from '../push/api.ts';
import { isTemplate, templateOf } from '../unit/name.ts';
import type { Candidate, Wish } from './creation.ts';
import { CommandFailed, wrongUsage } from './failure.ts';
import { readUnitFile, unitFilesMatching } from './local-files.ts';
import { expandBraces, globMatcher, isGlob, unitName } from './unit-words.ts';

/** Looks up what the words of a command mean: units of the cluster, files, instances of templates. */
export async function findCandidates(
  api: Pick<AgentApi, 'unit'>,
  units: readonly UnitView[],
  words: readonly string[],
  { verb }: Pick<Wish, 'verb'>,
): Promise<readonly Candidate[]> {
  const meant = await pathsByName(words, (glob) => matching(glob, units, verb === 'submit'));
  const views = new Map(units.map((unit) => [unit.name, unit]));
  const templates = new Templates(api, views);
  const found = [...meant].map(async ([name, path]): Promise<Candidate> => {
    const folder = dirname(path);
    const template = templateOf(name);
    return {
      name,
      view: views.get(name),
      file: await readUnitFile(join(folder, name)),
      template: template === undefined ? undefined : await templates.get(template),
      templateFile: template === undefined ? undefined : await readUnitFile(join(folder, template)),
    };
  });
  return Promise.all(found);
}

/** Units by name, with the word or path that means each. */
async function pathsByName(
  words: readonly string[],
  matching: (glob: string) => Promise<readonly string[]>,
): Promise<ReadonlyMap<string, string>> {
  const meant = new Map<string, string>();
  for (const word of words.flatMap(expandBraces)) {
    for (const path of isGlob(word) ? await matching(word) : [word]) {
      const name = unitName(path);
      const other = meant.get(name) ?? path;
      if (other !== path) {
        throw new CommandFailed(`${other} and ${path} are both ${name}; name one of them`, wrongUsage);
      }
      meant.set(name, path);
    }
  }
  return meant;
}

/** A glob means files here, and units of the cluster as well when it names no folder. */
async function matching(
  glob: string,
  units: readonly UnitView[],
  withTemplates: boolean,
): Promise<readonly string[]> {
  const files = await unitFilesMatching(glob);
  const names = basename(glob) === glob ? units.map(({ name }) => name).filter(globMatcher(glob)) : [];
  const all = [...files, ...names.filter((name) => !files.includes(name))];
  const fit = all.filter((path) => withTemplates || !isTemplate(basename(path)));
  if (fit.length > 0) return fit;
  throw new CommandFailed(
    `${glob} matches no unit of the cluster and no unit file here; \`flotilla list-unit-files\` shows all units`,
  );
}

/** Templates of the cluster; each is asked for once. */
class Templates {
  readonly #api: Pick<AgentApi, 'unit'>;
  readonly #views: ReadonlyMap<string, UnitView>;
  readonly #found = new Map<string, Promise<UnitFile | undefined>>();

  constructor(api: Pick<AgentApi, 'unit'>, views: ReadonlyMap<string, UnitView>) {
    this.#api = api;
    this.#views = views;
  }

  get(name: string): Promise<UnitFile | undefined> {
    const found = this.#found.get(name) ?? this.#read(name);
    this.#found.set(name, found);
    return found;
  }

  async #read(name: string): Promise<UnitFile | undefined> {
    return this.#views.has(name) ? this.#api.unit(name) : undefined;
  }
}
