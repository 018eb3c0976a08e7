import { writeFileSync } from 'node:fs';
import { jsonSchema } from './json-schema.ts';

/** `npm run schema`: brings the editors' schema up to date after the config changed; a test holds them together. */
writeFileSync('stacks/config.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`);
