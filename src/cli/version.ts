import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ownFolder } from '../model/own-files.ts';
import { localVerb, type Verb } from './command.ts';
import { print } from './say.ts';

const manifest = z.object({ version: z.string() });

export const version: Verb = (context) =>
  localVerb('version', {
    summary: 'print the version',
    description:
      'Prints the version of this command. `flotilla list-machines --fields name,version` shows those of the agents.',
    examples: ['version'],
  }).action(() => print(context, `flotilla version ${ownVersion()}`));

/** That of the clone, or of the package. */
export function ownVersion(): string {
  const file = join(ownFolder, 'package.json');
  return manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
