import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { completionScripts } from './completion-scripts.ts';
import { FakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.agent.put('web@1.service', 'web');
  cluster.agent.put('web@2.service', 'web');
  cluster.agent.put('db.service', 'db', 'inactive');
  const at = { unit: 'web@1.service', machineId: '', machine: 'core-1', address: '10.0.0.1', port: 80 };
  cluster.agent.services = ['web', 'web', 'web-admin'].map((service) => ({ ...at, service }));
});

/** What can follow the words; the last one is unfinished. */
async function candidates(...words: string[]): Promise<readonly string[]> {
  const { status, stdout, stderr } = await cluster.flotilla(['__complete', '--', ...words]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

const texts = (lines: readonly string[]) => lines.map((line) => line.split('\t')[0]);

describe('what can follow', () => {
  test('verbs, with what they do', async () => {
    expect(await candidates('un')).toEqual([
      'unload\tstop units and take them from their machines',
      'uncordon\tlet a machine that was drained or cordoned have units again',
    ]);
    expect(texts(await candidates(''))).toEqual(expect.arrayContaining(['list-units', 'rollout', 'help']));
    expect(texts(await candidates(''))).not.toContain('__complete');
    expect(texts(await candidates('rollout', 'p'))).toEqual(['pause']);
    expect(texts(await candidates('--stack', 'prod', 'star'))).toEqual(['start']);
  });

  test('options of the verb', async () => {
    expect(texts(await candidates('list-units', '--f'))).toEqual(['--full', '--fields']);
    expect(texts(await candidates('start', '--'))).toEqual(expect.arrayContaining(['--replace', '--stack']));
    expect(texts(await candidates('start', '--'))).toContain('--help');
    expect(texts(await candidates('start', '--v'))).toEqual([]);
    expect(texts(await candidates('--v'))).toEqual(['--version']);
  });

  test.each([
    [
      ['cat', 'w'],
      ['web@1.service', 'web@2.service'],
    ],
    [
      ['stop', 'db', '--no-block', 'web@'],
      ['web@1.service', 'web@2.service'],
    ],
    [
      ['services', 'w'],
      ['web', 'web-admin'],
    ],
    [['cat', 'web@1', ''], []],
    [
      ['drain', ''],
      ['core-1', 'core-2', 'worker-1'],
    ],
    [
      ['journal', '--machine', 'core-'],
      ['core-1', 'core-2'],
    ],
    [['journal', '--machine', 'core-1', 'd'], ['db.service']],
    [
      ['journal', '--machine=core-'],
      ['--machine=core-1', '--machine=core-2'],
    ],
    [['journal', '--lines', ''], []],
    [['journal', '--lines='], []],
    [['completion', 'f'], ['fish']],
  ])('%j', async (words, expected) => {
    expect(texts(await candidates(...words))).toEqual(expected);
  });

  test('asks the cluster of the stack that the line names', async () => {
    expect((await cluster.flotilla(['__complete', '--', '--stack', 'prod', 'cat', ''])).stacks).toEqual([
      'prod',
    ]);
    expect((await cluster.flotilla(['__complete', '--', 'cat', '--stack', 'prod', ''])).stacks).toEqual([
      'prod',
    ]);
    expect((await cluster.flotilla(['__complete', '--', 'cat', '--stack=prod', ''])).stacks).toEqual([
      'prod',
    ]);
  });

  test('nothing, in silence, when the cluster does not answer', async () => {
    cluster.openError = new Error('there is no stack');
    expect(await candidates('cat', '')).toEqual([]);
  });
});

describe('the script for bash', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-completion-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** COMPREPLY for a line with the cursor at its end, split as readline does. */
  async function complete(line: string, words: readonly string[]): Promise<string[]> {
    const program = join(folder, 'flotilla');
    await writeFile(
      program,
      `#!/bin/sh\nprintf '[%s]' "$@" > "$0.asked"\nprintf 'web@1.service\\tx y\\nweb@2.service\\n'\n`,
    );
    await chmod(program, 0o755);
    const script = `${completionScripts.bash}
COMP_LINE="$1" COMP_POINT=\${#1}; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_flotilla; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const environment = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const out = execFileSync('bash', ['-c', script, 'bash', line, ...words], {
      encoding: 'utf8',
      env: environment,
    });
    return out.trimEnd().split('\n');
  }

  /** The arguments of the last question. */
  const asked = () => readFile(join(folder, 'flotilla.asked'), 'utf8');

  test('asks with the words as they stand on the line, the empty one too', async () => {
    await complete('flotilla cat web@1', ['flotilla', 'cat', 'web', '@', '1']);
    expect(await asked()).toBe('[__complete][--][cat][web@1]');
    await complete('flotilla cat ', ['flotilla', 'cat', '']);
    expect(await asked()).toBe('[__complete][--][cat][]');
  });

  test('offers the candidates without their descriptions', async () => {
    expect(await complete('flotilla cat ', ['flotilla', 'cat', ''])).toEqual([
      'web@1.service',
      'web@2.service',
    ]);
  });

  test('leaves away what bash has set apart at an @', async () => {
    expect(await complete('flotilla cat web@', ['flotilla', 'cat', 'web', '@'])).toEqual([
      '1.service',
      '2.service',
    ]);
    expect(await complete('flotilla cat web@1', ['flotilla', 'cat', 'web', '@', '1'])).toEqual([
      '1.service',
      '2.service',
    ]);
  });
});

test.each(['bash', 'zsh', 'fish'])('completion %s prints its script', async (shell) => {
  const { status, stdout, stacks } = await cluster.flotilla(`completion ${shell}`);
  expect({ status, stacks }).toEqual({ status: 0, stacks: [] });
  expect(stdout).toContain('__complete');
});

test('another shell is a usage error', async () => {
  expect(await cluster.flotilla('completion tcsh')).toMatchObject({ status: 2, stdout: '' });
});
