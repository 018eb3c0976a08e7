import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { programArguments } from '../ssh/script.ts';
import type { EtcdCluster } from './cluster.ts';
import { foundCommand } from './commands.ts';
import { etcdPaths, fileNames } from './files.ts';
import { etcdTimings } from './timing.ts';

/* What founding writes, by the real shell. Neither of the two gets to where etcd would be started. */

const root = mkdtempSync(join(tmpdir(), 'flotilla-found-'));
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(root, 'member-'));
  mkdirSync(join(directory, 'pki'));
});

afterAll(() => rmSync(root, { recursive: true }));

function found() {
  const layout = { directory, dataDirectory: join(directory, 'data'), clientPort: 1, peerPort: 2 };
  const member = { name: 'core-1', address: '10.77.0.11', layout };
  const cluster: EtcdCluster = {
    name: 'dev',
    generation: 1,
    members: [member],
    timing: etcdTimings.standard,
  };
  return foundCommand(member, cluster, {
    authority: 'CA\n',
    certificates: [{ name: 'etcd', certificate: 'CERTIFICATE\n' }],
    keepsEnvironment: false,
    seconds: 1,
  });
}

describe('founding', () => {
  test('writes the list of members last: etcd.path starts etcd as soon as it is there', () => {
    const names = programArguments(found()).filter((each) => /^[\w./-]+\.(crt|env)$/.test(each));
    expect(names.at(-1)).toBe(fileNames.clusterEnvironment);
    expect(names).toContain(fileNames.environment);
  });

  test.each([
    ['a full disk', () => symlinkSync('/dev/full', join(directory, `${fileNames.environment}.new`))],
    // As on a read-only one, a file can't be made; that one can't be had without mounting it.
    ['a disk that takes no files', () => mkdirSync(join(directory, `${fileNames.environment}.new`))],
  ])('%s is said with the file and the next step, and etcd is not begun', (_, hurt) => {
    hurt();
    const { argv } = found();
    const { status, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(
      `${directory}/etcd.env can't be written: see whether the disk there is full or read-only`,
    );
    const paths = etcdPaths({ directory, dataDirectory: '', clientPort: 1, peerPort: 2 });
    expect(readFileSync(`${paths.pki}/etcd.crt`, 'utf8')).toBe('CERTIFICATE\n');
    expect(existsSync(paths.environment)).toBe(false);
    expect(existsSync(paths.clusterEnvironment)).toBe(false);
  });
});
