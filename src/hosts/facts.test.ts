import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Command } from '../ssh/connection.ts';
import { factsCommand, parseFacts, parseState, stateCommand } from './facts.ts';
import { nothingWanted, type WantedHost } from './wanted.ts';

/* The scripts are run here, by this computer's shell and with its programs; only systemd is played. */

const folder = mkdtempSync(join(tmpdir(), 'host-facts-'));
const home = join(folder, 'home');
const authorized = 'ssh-ed25519 AAAAknown';

/** Programs that answer for what every computer has otherwise. */
const played = {
  systemctl: `printf 'UnitFileState=enabled\\nActiveState=active\\n\\nUnitFileState=\\nActiveState=inactive\\n\\n'
printf 'UnitFileState=disabled\\nActiveState=activating\\n'`,
  getent: `
case $1 in
passwd) [ $# -eq 2 ] || printf 'eve:x:1:1\\nmallory:x:2:7:::\\n'; [ "$2" = core ] && echo "core:x:1000:1000:a b:${home}:/bin/bash" ;;
group) shift; [ "$1" != -- ] || shift
  for name; do [ "$name" = none ] || echo "$name:x:7:eve,mallory"; done; exit 2 ;;
esac`,
  id: 'echo core docker',
  'dpkg-query': `printf 'installed openssl\\ndeinstall vim\\n'; echo 'dpkg-query: no packages found' >&2; exit 1`,
};

beforeAll(() => {
  spawnSync('mkdir', ['-p', join(home, '.ssh')]);
  writeFileSync(join(home, '.ssh', 'authorized_keys'), `# mine\nssh-rsa B other\n${authorized} somebody`);
  for (const [name, body] of Object.entries(played)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run({ argv: [program = '', ...args], stdin }: Command) {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  return spawnSync(program, args, { input: stdin ?? '', env, encoding: 'utf8' });
}

const wanted: WantedHost = {
  packages: ['openssl', 'vim', 'docker.io'],
  groups: ['flotilla', 'none'],
  user: { name: 'core', groups: [] },
  files: [],
  units: [{ name: 'docker.service', waits: false }],
};

test('what a host has is told by its shell', () => {
  const { username } = userInfo();
  const names = ['real', 'link', 'missing', 'folder', 'masked', 'dangling'];
  const paths = names.map((name) => join(folder, `file-${name}`));
  const [real = '', link = '', , folderPath = '', masked = '', dangling = ''] = paths;
  symlinkSync('/dev/null', masked);
  symlinkSync('nowhere', dangling);
  writeFileSync(real, 'contents\n', { mode: 0o640 });
  symlinkSync(real, link);
  spawnSync('mkdir', [folderPath]);
  const files = paths.map((path) => ({ path, contents: '', mode: '0644' }));
  const { stdout, stderr } = run(stateCommand({ ...wanted, files }, `${authorized} comment`));
  expect(stderr).toBe('');
  const state = parseState(stdout, 'core-1');
  const sha256 = createHash('sha256').update('contents\n').digest('hex');
  const found = { sha256, mode: '0640', owner: expect.stringContaining(`${username}:`) };
  const other = { sha256: '', mode: '-', owner: '-' };
  expect(state.files).toEqual({
    ...{ [real]: found, [link]: found },
    ...{ [folderPath]: other, [masked]: other, [dangling]: other },
  });
  expect(state).toMatchObject({
    packages: ['openssl'],
    groups: ['flotilla'],
    user: { groups: ['core', 'docker'], authorized: true },
    units: {
      'docker.service': { enabled: true, active: true },
      'containerd.service': { enabled: false, active: false },
      'docker.socket': { enabled: false, active: true },
    },
  });
});

test.each([
  [
    'another key',
    { ...wanted },
    'ssh-ed25519 AAAAother x',
    { groups: ['core', 'docker'], authorized: false },
  ],
  ['no key yet', { ...wanted }, '', { groups: ['core', 'docker'], authorized: false }],
  ['no such user', { ...wanted, user: { name: 'nobody', groups: [] } }, authorized, undefined],
])('of the account: %s', (_what, asked, key, user) => {
  expect(parseState(run(stateCommand(asked, key)).stdout, 'core-1').user).toEqual(user);
});

test('what a host is comes with it', () => {
  const facts = parseFacts(run(factsCommand('')).stdout, 'core-1');
  expect(facts.members).toEqual(['eve', 'mallory']);
  expect(facts.folders.find(({ path }) => path === '/usr/local')?.mode).toMatch(/^[0-7]{4}$/);
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.memory).toBeGreaterThan(100);
  expect(facts.disk).toBeGreaterThan(100);
  expect(facts.os.id).toMatch(/^[a-z]+$/);
});

test('an answer that was cut off is none', () => {
  const { stdout } = run(stateCommand(nothingWanted, ''));
  expect(() => parseState(stdout.slice(0, -5), 'core-1')).toThrow('core-1 did not tell all that was asked');
});
