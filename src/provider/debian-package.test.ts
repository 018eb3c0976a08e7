import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Program } from '../programs/program.ts';
import { obtainProgram } from './obtain-program.ts';

const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const contents = 'an etcd\n'.repeat(3);

let folder: string;
let cache: string;
let server: Server;
let root: string;
/** Archive → what it answers. */
let answers: Record<string, (response: ServerResponse) => void>;
let asked: string[];
let said: string[];

/** A package as Debian's are: an archive of ar's whose last member holds the files. */
function packageWith(name: string, members: Readonly<Record<string, Buffer>> = {}): Buffer {
  const files = join(folder, 'files');
  mkdirSync(join(files, 'usr', 'bin'), { recursive: true });
  writeFileSync(join(files, 'usr', 'bin', name), contents);
  const data = execFileSync('tar', ['-C', files, '-cJf', '-', '.']);
  const usual = { 'debian-binary': Buffer.from('2.0\n'), odd: Buffer.from('odd'), 'data.tar.xz': data };
  const written = Object.entries({ ...usual, ...members }).map(([member, bytes]) => {
    const header = `${member.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), bytes, Buffer.alloc(bytes.length % 2, '\n')]);
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...written]);
}

const programOf = (deb: Buffer): Program => ({
  name: 'etcd',
  version: '1',
  probe: '--version',
  sha256: digest(contents),
  package: { archive: 'debian', path: 'pool/etcd_1.deb', sha256: digest(deb) },
});

const obtain = (program: Program, archives: readonly string[], helper = '') =>
  obtainProgram(program, {
    ...{ cache, helper, archives: archives.map((name) => `${root}/${name}`) },
    log: (line) => void said.push(line),
    signal: new AbortController().signal,
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-package-'));
  cache = join(folder, 'cache');
  [asked, said, answers] = [[], [], {}];
  server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const answer = answers[url.split('/')[1] ?? ''];
    if (answer) answer(response);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  root = `http://127.0.0.1:${typeof at === 'object' ? at?.port : at}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('a program of etcd’s', () => {
  test('comes out of its package, which is kept', async () => {
    const deb = packageWith('etcd');
    answers.mirror = (response) => response.end(deb);
    expect((await obtain(programOf(deb), ['mirror'])).toString()).toBe(contents);
    expect(asked).toEqual(['/mirror/pool/etcd_1.deb']);
    expect(said).toEqual([`downloading ${root}/mirror/pool/etcd_1.deb`]);
    expect((await obtain(programOf(deb), ['mirror'])).toString()).toBe(contents);
    expect(asked).toHaveLength(1);
    expect(readdirSync(cache)).toEqual(['etcd_1.deb']);
  });

  test('comes from the next archive where one has it no more, has another one, or breaks off', async () => {
    const deb = packageWith('etcd');
    answers.newer = (response) => response.end('a newer one');
    answers.cut = (response) => {
      response.writeHead(200, { 'content-length': deb.length });
      response.write(deb.subarray(0, 30), () => response.destroy());
    };
    answers.keeps = (response) => response.end(deb);
    expect((await obtain(programOf(deb), ['gone', 'newer', 'cut', 'keeps'])).toString()).toBe(contents);
    expect(asked).toHaveLength(4);
    expect(readdirSync(cache)).toEqual(['etcd_1.deb']);
  });

  test('that nobody has is told with all that was asked, and where to put it', async () => {
    const deb = packageWith('etcd');
    answers.newer = (response) => response.end('a newer one');
    const failed = obtain(programOf(deb), ['gone', 'newer']);
    await expect(failed).rejects.toThrow(`etcd_1.deb with the SHA-256 ${digest(deb)} can't be had:`);
    await expect(failed).rejects.toThrow(`${root}/gone/pool/etcd_1.deb: ${root}/gone/pool/etcd_1.deb: the`);
    await expect(failed).rejects.toThrow(`its SHA-256 is ${digest('a newer one')}`);
    await expect(failed).rejects.toThrow(`put the file there yourself: ${join(cache, 'etcd_1.deb')}`);
    expect(readdirSync(cache)).toEqual([]);
    writeFileSync(join(cache, 'etcd_1.deb'), deb);
    expect((await obtain(programOf(deb), [])).toString()).toBe(contents);
  });

  test('comes from an archive that the environment names', async () => {
    const deb = packageWith('etcd');
    answers.snapshot = (response) => response.end(deb);
    process.env.FLOTILLA_DEBIAN_ARCHIVES = ` ${root}/gone  ${root}/snapshot/ `;
    try {
      const options = { cache, helper: '', log: () => undefined, signal: new AbortController().signal };
      expect((await obtainProgram(programOf(deb), options)).toString()).toBe(contents);
      expect(asked).toEqual(['/gone/pool/etcd_1.deb', '/snapshot/pool/etcd_1.deb']);
    } finally {
      delete process.env.FLOTILLA_DEBIAN_ARCHIVES;
    }
  });

  test('is not taken from a file in the cache that is damaged', async () => {
    const deb = packageWith('etcd');
    mkdirSync(cache);
    writeFileSync(join(cache, 'etcd_1.deb'), deb.subarray(0, 100));
    answers.mirror = (response) => response.end(deb);
    expect((await obtain(programOf(deb), ['mirror'])).toString()).toBe(contents);
    expect(readFileSync(join(cache, 'etcd_1.deb'))).toEqual(deb);
  });

  test('is fetched by apt’s own downloader where there is one', async () => {
    const deb = packageWith('etcd');
    writeFileSync(join(folder, 'deb'), deb);
    const helper = join(folder, 'apt-helper');
    writeFileSync(
      helper,
      `#!/bin/sh\ncase $2 in *mirror*) cp '${join(folder, 'deb')}' "$3" ;; *) echo 'E: 404' >&2; exit 100 ;; esac\n`,
    );
    chmodSync(helper, 0o755);
    expect((await obtain(programOf(deb), ['gone', 'mirror'], helper)).toString()).toBe(contents);
    rmSync(cache, { recursive: true });
    await expect(obtain(programOf(deb), ['gone'], helper)).rejects.toThrow('E: 404');
    expect(asked).toEqual([]);
  });

  test.each<[string, () => Buffer, RegExp]>([
    ['is none', () => Buffer.from('!<arch>\nnothing'), /has no data\.tar\.xz/],
    [
      'is damaged within',
      () => packageWith('etcd', { 'data.tar.xz': Buffer.from('x') }),
      /can't be unpacked/,
    ],
    ['lacks the program', () => packageWith('other'), /can't be unpacked .*usr\/bin\/etcd/],
  ])('of a package that %s is refused', async (_, make, words) => {
    const deb = make();
    answers.mirror = (response) => response.end(deb);
    await expect(obtain(programOf(deb), ['mirror'])).rejects.toThrow(words);
  });

  test('that is another one in the right package is refused', async () => {
    const deb = packageWith('etcd');
    answers.mirror = (response) => response.end(deb);
    const other = { ...programOf(deb), sha256: digest('other') };
    await expect(obtain(other, ['mirror'])).rejects.toThrow(`not ${digest('other')}`);
  });
});
