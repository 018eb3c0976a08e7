import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runFile, Tally } from './tally.ts';

/** `npm run conformance -- DIR [file…]`: exit status 0 when all passed, 1 when some failed or none ran, 2 on misuse. */
async function main([dir, ...files]: readonly string[]): Promise<number> {
  if (dir === undefined) {
    console.error('usage: npm run conformance -- DIR [file…]\nDIR holds *.jsonl files, one vector a line');
    return 2;
  }
  const named = files.map((file) => `${basename(file, '.jsonl')}.jsonl`);
  const all = readdirSync(dir).filter((name) => name.endsWith('.jsonl'));
  const tally = new Tally(console.log);
  for (const file of named.length > 0 ? named : all.sort()) await runFile(join(dir, file), tally);
  tally.print();
  return tally.failed > 0 || tally.passed === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
