import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readContext } from './context.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-context-'));
  await write('Dockerfile', 'FROM scratch\n');
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, contents = path) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), contents, { mode: 0o644 });
}

/** What tar itself says is in the archive. */
async function listed(dockerfile = 'Dockerfile'): Promise<string[]> {
  const input = await buffer((await readContext(folder, dockerfile)).open());
  return execFileSync('tar', ['-tzf', '-'], { input, encoding: 'utf8' }).trim().split('\n');
}

describe('the context of a build', () => {
  test('is the folder, sorted, without what .dockerignore leaves out', async () => {
    for (const path of ['src/b.ts', 'src/a.ts', 'node_modules/x/y.js', 'docs/a.md', 'docs/keep.md'])
      await write(path);
    await write('.dockerignore', 'node_modules\ndocs/*\n!docs/keep.md\n');
    expect(await listed()).toEqual([
      ...['.dockerignore', 'Dockerfile', 'docs/', 'docs/keep.md', 'src/', 'src/a.ts', 'src/b.ts'],
    ]);
    expect(await readContext(folder, 'Dockerfile')).toMatchObject({ files: 5, secrets: [] });
  });

  test('has the Dockerfile even if it is left out, since Docker itself needs it', async () => {
    await write('deploy/Dockerfile');
    await write('deploy/other');
    await write('.dockerignore', '*');
    expect(await listed('./deploy/Dockerfile')).toEqual(['.dockerignore', 'deploy/', 'deploy/Dockerfile']);
  });

  test('is the same bytes, whenever the folder was cloned', async () => {
    await write('src/a.ts');
    await symlink('a.ts', join(folder, 'src/link'));
    const before = await buffer((await readContext(folder, 'Dockerfile')).open());
    await utimes(join(folder, 'src/a.ts'), 1, 1);
    const after = await buffer((await readContext(folder, 'Dockerfile')).open());
    expect(after.equals(before)).toBe(true);
  });

  test('names all that leads out of it at once', async () => {
    await symlink('/etc/passwd', join(folder, 'absolute'));
    await mkdir(join(folder, 'src'));
    await symlink('../../x', join(folder, 'src/up'));
    await symlink('../Dockerfile', join(folder, 'src/inside'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const found = await readContext(folder, 'nowhere').catch((error: Error) => error.message);
    expect(found).toContain('nowhere: there is no such file in the folder');
    expect(found).toContain('absolute: its link to /etc/passwd leads out of the folder');
    expect(found).toContain('src/up: its link to ../../x leads out of the folder');
    expect(found).toContain('pipe: it is neither file, folder nor link');
    expect(found).not.toContain('inside');
    await write('.dockerignore', 'absolute\nsrc/up\npipe\n');
    expect(await listed()).toContain('src/inside');
  });

  test('says which files look like secrets, unless they are left out', async () => {
    for (const path of ['.env', 'src/.env.local', 'tls/server.key', 'monkey']) await write(path);
    await write('.dockerignore', 'tls');
    expect((await readContext(folder, 'Dockerfile')).secrets).toEqual(['.env', 'src/.env.local']);
  });

  test('a file that changes while it is sent ends it with a reason', async () => {
    await write('log', 'short');
    const context = await readContext(folder, 'Dockerfile');
    await write('log', 'longer than before');
    await expect(buffer(context.open())).rejects.toThrow('log has changed while it was sent');
  });

  test.each([
    ['missing', 'there is no such folder'],
    ['Dockerfile', 'there is no such folder'],
  ])('a folder that is none: %s', async (name, message) => {
    await expect(readContext(join(folder, name), 'Dockerfile')).rejects.toThrow(message);
  });

  test('a .dockerignore that can not be read as one', async () => {
    await write('.dockerignore', '[a-');
    await expect(readContext(folder, 'Dockerfile')).rejects.toThrow('[a- is no pattern');
  });
});
