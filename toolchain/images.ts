/**
 * `npm run -s images -- NAME…`: builds the images of images/NAME/image.yaml and prints the folder of each, an OCI
 * layout. `--files FOLDER` names one more folder for files to copy.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from '../src/packaged-image/build.ts';
import { parseDefinition } from '../src/packaged-image/definition.ts';
import { runMain } from './main.ts';

const root = 'images';

/** From where the user stands; npm runs this in the clone. */
const here = process.env.INIT_CWD ?? process.cwd();

async function images(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { files: { type: 'string', multiple: true } },
  });
  if (positionals.length === 0) throw new Error(`Which images? npm run -s images -- ${known().join(' ')}`);
  const unknown = positionals.filter((name) => !known().includes(name));
  if (unknown.length > 0)
    throw new Error(
      `There is no image.yaml in ${unknown.map((name) => join(root, name)).join(', ')}. There are: ${known().join(', ')}`,
    );
  const definitions = positionals.map((name) => {
    const path = join(root, name, 'image.yaml');
    return { name, definition: parseDefinition(path, readFileSync(path, 'utf8')) };
  });
  for (const { name, definition } of definitions) {
    const folders = [join(root, name), ...(values.files ?? []).map((folder) => resolve(here, folder))];
    const log = (line: string) => console.error(`image ${name}: ${line}`);
    console.log(await buildImage(definition, { folders, log }));
  }
}

function known(): readonly string[] {
  return readdirSync(root).filter((name) => existsSync(join(root, name, 'image.yaml')));
}

await runMain(images);
