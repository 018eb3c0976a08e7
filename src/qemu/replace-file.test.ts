import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { replaceFile } from './replace-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-replace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('of many writers one is the last, and nothing else is left', async () => {
  const file = join(folder, 'state.json');
  const texts = ['1', '2', '3'].map((digit) => digit.repeat(10_000));
  await Promise.all(texts.map((text) => replaceFile(file, text)));
  expect(texts).toContain(readFileSync(file, 'utf8'));
  expect(readdirSync(folder)).toEqual(['state.json']);
});

test('without its folder nothing is written', async () => {
  await expect(replaceFile(join(folder, 'nowhere', 'state.json'), '{}')).rejects.toThrow('ENOENT');
});
