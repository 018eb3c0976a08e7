import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runFile, Tally } from './tally.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vectors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function tallyOf(file: string, vectors: readonly object[]): Promise<{ tally: Tally; lines: string[] }> {
  const lines: string[] = [];
  const tally = new Tally((line) => lines.push(line));
  writeFileSync(join(folder, file), vectors.map((vector) => `${JSON.stringify(vector)}\n`).join(''));
  await runFile(join(folder, file), tally);
  tally.print();
  return { tally, lines };
}

const split = (id: string, values: string[]) => ({
  id,
  kind: 'multivalue-line',
  in: { line: '"a" "b"' },
  out: { values },
});

describe('conformance', () => {
  test('passes what is right and names what is wrong', async () => {
    const { lines } = await tallyOf('lines.jsonl', [split('right', ['a', 'b']), split('wrong', ['a b'])]);
    expect(lines[0]).toBe('FAILED wrong\n  expected {"values":["a b"]}\n  got      {"values":["a","b"]}');
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
  });

  test('counts a kind nobody implements apart, by file name where vectors carry no kind', async () => {
    const { lines } = await tallyOf('dance.jsonl', [{ id: 'one' }, { id: 'two' }]);
    expect(lines).toEqual(['not implemented: 2 (dance)', '0 passed, 0 failed']);
  });

  test('excepts by rule, and only what the rule is about', async () => {
    const name = (id: string, unit: string) => ({
      id,
      kind: 'validate-name',
      in: { name: unit },
      out: { valid: true, error: null },
    });
    const { tally, lines } = await tallyOf('names.jsonl', [
      name('dropped type', 'x.busname'),
      name('nonsense', 'x/y.service'),
    ]);
    expect(tally.excepted.size).toBe(1);
    expect(lines[0]).toContain('FAILED nonsense');
  });

  test('a vector of another shape fails', async () => {
    const { tally } = await tallyOf('shape.jsonl', [
      { id: 'odd', kind: 'glob', in: { pattern: 1 }, out: { match: true } },
    ]);
    expect(tally.failed).toBe(1);
  });
});
