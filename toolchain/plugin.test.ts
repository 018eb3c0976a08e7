import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ensurePlugin, stockPlugin } from './plugin.ts';

const aws = { name: 'aws', version: '7.48.0' };
const manifest = { dependencies: { '@pulumi/pulumi': '3.259.0', '@pulumi/aws': '7.48.0' } };

test("a platform's plugin is of the version of its npm package", () => {
  expect(stockPlugin('aws', manifest)).toEqual(aws);
});

test.each(['local', 'hosts'])('our own plugin serves %s', (platform) => {
  expect(stockPlugin(platform, manifest)).toBeUndefined();
});

test("this clone's packages say which plugins there are", () => {
  expect(stockPlugin('local', JSON.parse(readFileSync('package.json', 'utf8')))).toBeUndefined();
});

describe('ensurePlugin', () => {
  let folder: string;
  let said: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-plugin-'));
    said = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const calls = () => join(folder, 'calls');

  /** With a `pulumi` that has these plugins, and ends an installation with this code. */
  function ensure(given: { installed?: object[]; code?: number; project?: string; PATH?: string }) {
    const { installed = [], code = 0, project = 'name: flotilla\n', PATH } = given;
    const path = join(folder, 'pulumi');
    const list = join(folder, 'installed.json');
    writeFileSync(list, JSON.stringify(installed));
    const script = `if [ "$2" = ls ]; then cat ${list}; else echo "$@" >> ${calls()}; exit ${code}; fi`;
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return ensurePlugin(aws, {
      project,
      environment: { PATH },
      pulumi: (...args) => ({ path, args, environment: process.env }),
      say: (line) => said.push(line),
    });
  }

  test('installs the version that the platform needs, and says so', async () => {
    const other = { kind: 'resource', name: 'aws', version: '7.21.0' };
    await ensure({ installed: [other, { kind: 'language', name: 'aws', version: '7.48.0' }] });
    expect(readFileSync(calls(), 'utf8')).toBe('plugin install resource aws 7.48.0\n');
    expect(said).toEqual([expect.stringMatching(/^plugin aws: installing 7\.48\.0/)]);
  });

  test('one that is installed is left alone, without a word', async () => {
    await ensure({ installed: [{ kind: 'resource', ...aws, size: 1 }] });
    expect(existsSync(calls())).toBe(false);
    expect(said).toEqual([]);
  });

  test('one on PATH is taken, and named', async () => {
    const plugin = join(folder, 'pulumi-resource-aws');
    writeFileSync(plugin, '', { mode: 0o755 });
    await ensure({ PATH: `/nowhere::${folder}` });
    expect(existsSync(calls())).toBe(false);
    expect(said).toEqual([`plugin aws: ${plugin} (found on PATH)`]);
  });

  test('one that the project names is taken', async () => {
    await ensure({ project: 'plugins: {providers: [{name: aws, path: cloud}]}\n' });
    expect(existsSync(calls())).toBe(false);
    expect(said).toEqual(['plugin aws: the one that Pulumi.yaml names']);
  });

  test('one that cannot be installed is an error with the next step', async () => {
    await expect(ensure({ code: 1 })).rejects.toThrow(
      /aws 7\.48\.0 can't be installed; see above\. Next step, one of: .*put pulumi-resource-aws .* on PATH/,
    );
  });
});
