import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import type { Verb } from './command.ts';
import { print } from './say.ts';

const manifest = z.object({ version: z.string() });

export const version: Verb = (context) =>
  new Command('version')
    .summary('print the version')
    .description(
      'Prints the version of this command. `flotilla list-machines --fields name,version` shows those of the agents.',
    )
    .addHelpText('after', '\nExamples:\n  $ flotilla version\n')
    .action(() => print(context, `flotilla version ${ownVersion()}`));

/** That of the clone. */
export function ownVersion(): string {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  return manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
