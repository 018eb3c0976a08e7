import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeRoot } from './fake-root.ts';
import { accountCommand } from './scripts.ts';

const key = 'ssh-ed25519 AAAAdev flotilla-dev';
const keys = '/home/core/.ssh/authorized_keys';
const command = accountCommand({ name: 'core', groups: ['flotilla'] }, ['flotilla'], key);

let root: FakeRoot;
beforeEach(() => {
  root = new FakeRoot();
  root.play('id', `[ $# -eq 2 ] && echo 0 || [ -d ${root.path('/home/core')} ]`);
  root.play('useradd', `mkdir ${root.path('/home/core')}`);
  root.play(
    'getent',
    `[ "$1" = passwd ] || exit 2; echo core:x:1000:1000::${root.path('/home/core')}:/bin/sh`,
  );
});
afterEach(() => root.remove());

test('an account is made once, not locked and with no password that fits, and let in once', () => {
  for (const _ of ['first', 'again']) expect(root.run(command)).toMatchObject({ status: 0, stderr: '' });
  const made = root.calls().filter((call) => call.startsWith('useradd'));
  expect(made).toEqual([
    `useradd --create-home --home-dir ${root.path('/home/core')} --shell /bin/bash --password * core`,
  ]);
  expect(root.read(keys)).toBe(`${key}\n`);
});

test('nobody is made or let in by a key that did not arrive whole', () => {
  for (const length of [0, 20, key.length + 1]) expect(root.run(command, length).status).toBe(1);
  expect(root.calls()).toEqual([]);
  expect(root.has(keys)).toBe(false);
});
