import { checkUnits } from '../unit/check.ts';
import { isTemplate } from '../unit/name.ts';
import { formatProblem } from '../unit/problem.ts';
import { localVerb, type Verb } from './command.ts';
import { CommandFailed } from './failure.ts';
import { readUnitFile, unitFilesMatching } from './local-files.ts';
import { print } from './say.ts';
import { expandBraces, isGlob, unitName } from './unit-words.ts';

export const verify: Verb = (context) =>
  localVerb('verify', {
    summary: 'check unit files without a cluster',
    description:
      'Checks names, syntax, [X-Fleet] and [X-Flotilla] options as the cluster would, and reports every problem of ' +
      'every file at once. Exit status 0: none; 1: some. (The verb of fleetctl that looked at signatures did ' +
      'nothing any more.)',
    examples: ['verify web.service', "verify 'units/hello/*'"],
  })
    .argument('<files...>', 'unit files; globs and braces in quotes')
    .action(async (words: string[]) => {
      const paths = (await Promise.all(words.flatMap(expandBraces).map(pathsOf))).flat();
      const files = await Promise.all(paths.map(read));
      const instances = Object.fromEntries(
        files.filter(({ name }) => isTemplate(name)).map(({ name }) => [name, 1]),
      );
      const checked = checkUnits(files, { instances });
      if ('problems' in checked) throw new CommandFailed(checked.problems.map(formatProblem).join('\n'));
      for (const path of paths) print(context, `${path}: ok`);
    });

async function pathsOf(word: string): Promise<readonly string[]> {
  if (!isGlob(word)) return [word];
  const paths = await unitFilesMatching(word);
  if (paths.length > 0) return paths;
  throw new CommandFailed(`${word} matches no unit file; expected some like hello.service there`);
}

async function read(path: string) {
  const file = await readUnitFile(path);
  if (file === undefined)
    throw new CommandFailed(
      `there is no file ${path}; give the path of a unit file, like units/hello/hello.service`,
    );
  return { ...file, name: unitName(path) };
}
