import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { lanMac } from '../../../qemu/seed.ts';
import { programArguments } from '../../../ssh/script.ts';
import { becomeCommand } from './become.ts';
import { templateAddress, templateInstance } from './template.ts';

const address = '10.77.12.11/16';
const command = becomeCommand(
  {
    hostname: 'core-1',
    write: [
      { path: '/etc/issue', contents: 'A=é\n', mode: '0644' },
      { path: '/etc/flotilla/secret', contents: '', mode: '0600' },
    ],
    remove: ['/etc/old'],
    authorizedKeys: { core: ['ssh-ed25519 AAAA a', 'ssh-ed25519 BBBB b'] },
    links: { '/etc/systemd/system/multi-user.target.wants/a.service': '/etc/systemd/system/a.service' },
    start: ['a.service', 'b.path'],
  },
  { instanceId: 'core-1-1', address },
  120,
);
const body = command.argv[2] ?? '';

test('the script reads its arguments by place: clock, files, facts, the template, four lists', () => {
  expect(programArguments(command)).toEqual([
    '620000',
    ...['/etc/issue', '5', '0644', '/etc/flotilla/secret', '0', '0600', '--'],
    ...['core-1', 'core-1-1', address, lanMac(address)],
    ...[templateInstance, templateAddress, lanMac(templateAddress)],
    ...['/etc/old', '--'],
    ...['core', 'ssh-ed25519 AAAA a\nssh-ed25519 BBBB b', '--'],
    ...['/etc/systemd/system/multi-user.target.wants/a.service', '/etc/systemd/system/a.service', '--'],
    ...['a.service', 'b.path'],
  ]);
  expect(command.stdin?.slice(32).toString()).toBe('A=é\n');
});

test('it is sound shell, and ends at its first error', () => {
  expect(() => execFileSync('sh', ['-n', '-c', body], { stdio: 'pipe' })).not.toThrow();
  expect(body.startsWith('\nset -eu\n')).toBe(true);
});

test('the program in it is sound Perl, whole between the apostrophes', () => {
  const program = /^perl -e '([^']*)' "\$@"$/m.exec(body)?.[1] ?? '';
  expect(program).toContain('close($file)');
  expect(() => execFileSync('perl', ['-c', '-e', program], { stdio: 'pipe' })).not.toThrow();
});
