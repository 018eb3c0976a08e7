import { lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { environmentFile, environmentLines } from '../model/machine-environment.ts';
import { FakeRoot } from './fake-root.ts';
import { ownFolders, ownHome } from './places.ts';
import { type Added, beforeFolder, flotillaFolder, recordPath } from './record.ts';
import { recordCommand } from './record-script.ts';
import { undoCommand } from './undo.ts';

const unit = '/etc/systemd/system/etcd.service';

const added: Added = {
  version: 1,
  ...{ cluster: 'dev', machine: 'core-1', owner: 'ssh-ed25519 AAAAdev flotilla-dev' },
  packages: [],
  groups: ['flotilla'],
  user: { name: 'core', created: true, joined: [] },
  files: [{ path: unit, existed: false }],
  units: [{ name: 'etcd.service', enabled: false, active: false }],
  absent: [...ownFolders, ownHome],
};

/** There is a user core until he is removed. */
const played = { id: '[ ! -e "$GONE" ]', userdel: ': >"$GONE"' };

let root: FakeRoot;
beforeEach(() => {
  root = new FakeRoot(played);
  process.env.GONE = root.path('/gone');
});
afterEach(() => root.remove());

/** A host that was set up. */
function setUp(record = added): void {
  expect(root.run(recordCommand(record, [environmentFile], true)).status).toBe(0);
  root.put(unit, '[Service]\n');
  for (const folder of ownFolders) root.put(`${folder}/program`, '');
}

const succeed = (record = added) => {
  const result = root.run(undoCommand(record));
  expect([result.status, result.stderr]).toEqual([0, '']);
  return result.stdout;
};

describe('what was added', () => {
  test('goes, and the record last', () => {
    setUp();
    expect(succeed()).toBe('');
    expect([unit, ...ownFolders, flotillaFolder].filter((path) => root.has(path))).toEqual([]);
    expect(root.calls()).toContain('userdel -f -r core');
    expect(succeed()).toBe('');
  });

  test('stays, with its record, unless all of the request arrived', () => {
    setUp();
    const calls = root.calls().length;
    const command = undoCommand(added);
    for (const length of [0, 1, 80, Number(command.stdin?.length) - 2]) {
      const { status, stderr } = root.run(command, length);
      expect([status, stderr]).toEqual([1, expect.stringContaining('did not arrive whole')]);
    }
    expect([unit, ...ownFolders, recordPath].every((path) => root.has(path))).toBe(true);
    expect(root.calls()).toHaveLength(calls);
    succeed();
    expect(root.has(recordPath)).toBe(false);
  });

  test('stays where another cluster took the host since somebody looked', () => {
    setUp({ ...added, cluster: 'prod' });
    const { status, stderr } = root.run(undoCommand(added));
    expect([status, stderr]).toEqual([1, expect.stringContaining('another Flotilla cluster took the host')]);
    expect(root.has(unit) && root.has(recordPath)).toBe(true);
  });

  test('is all that goes: a folder and a home that were there before stay', () => {
    const absent = added.absent.filter((path) => path !== '/opt/flotilla' && path !== ownHome);
    setUp({ ...added, absent });
    expect(succeed({ ...added, absent })).toContain('the home of core stays');
    expect(ownFolders.filter((path) => root.has(path))).toEqual(['/opt/flotilla']);
    expect(root.calls()).toContain('userdel -f core');
  });

  test('by an earlier version, which noted no folders, goes too', () => {
    setUp({ ...added, absent: [] });
    succeed({ ...added, absent: [] });
    expect(ownFolders.filter((path) => root.has(path))).toEqual([]);
    expect(root.calls()).toContain('userdel -f -r core');
  });

  test('has its failed units forgotten, and nobody else’s are', () => {
    setUp();
    root.put('/run/flotilla/units/hello@1.service', '');
    succeed();
    const forgotten = root.calls().flatMap((call) => /^systemctl reset-failed(.*)/.exec(call)?.[1] ?? []);
    expect(forgotten.sort()).toEqual(
      ['etcd', 'flotilla-agent', 'flotilla-fence', 'hello@1']
        .map((name) => ` -- ${name}.service`)
        .concat(' -- flotilla-agent.path')
        .sort(),
    );
  });

  test('goes with sudo, which refuses that where root has no password', () => {
    const packages = ['sudo'];
    root.play('dpkg-query', 'printf installed');
    root.play(
      'apt-get',
      'case "$*" in *-y*) [ "$SUDO_FORCE_REMOVE" = yes ] || { echo "Refusing to remove sudo." >&2; exit 100; } ;; esac',
    );
    setUp({ ...added, packages });
    succeed({ ...added, packages });
    expect(root.calls()).toContainEqual(expect.stringMatching(/^apt-get .*-y purge -- sudo$/));
  });
});

describe('/etc/environment', () => {
  const ours = `${environmentLines({ name: 'core-1', address: '10.0.0.5' })}\n`;
  const latin = Buffer.from("NAME=\xe9t\xe9\nFLOTILLA_HOME=/srv/mine\nLAST='a'", 'latin1');
  const withOurs = (theirs: Buffer) => Buffer.concat([Buffer.from(ours), theirs]);
  const bytes = () => readFileSync(root.path(environmentFile));

  test('keeps its mode and every byte that is not ours', () => {
    root.put(environmentFile, latin, 0o600);
    setUp();
    root.put(environmentFile, withOurs(latin), 0o600);
    succeed();
    expect(bytes().equals(latin)).toBe(true);
    expect(statSync(root.path(environmentFile)).mode & 0o777).toBe(0o600);
    expect(root.has(`${environmentFile}.new`)).toBe(false);
  });

  test('stays a link, and what it leads to keeps its mode', () => {
    root.put('/etc/env.real', 'A=1\n', 0o600);
    symlinkSync('env.real', root.path(environmentFile));
    setUp();
    root.put('/etc/env.real', withOurs(Buffer.from('A=1\n')), 0o600);
    succeed();
    expect(lstatSync(root.path(environmentFile)).isSymbolicLink()).toBe(true);
    expect(root.read('/etc/env.real')).toBe('A=1\n');
    expect(statSync(root.path('/etc/env.real')).mode & 0o777).toBe(0o600);
  });

  test('has back what stood there under our names, and keeps what came meanwhile', () => {
    root.put(environmentFile, 'COREOS_PRIVATE_IPV4=192.0.2.1\nFLOTILLA_HOME=/srv\n');
    setUp();
    root.put(environmentFile, withOurs(Buffer.from('FLOTILLA_HOME=/srv\nSINCE=1\n')));
    succeed();
    expect(root.read(environmentFile)).toBe('FLOTILLA_HOME=/srv\nSINCE=1\nCOREOS_PRIVATE_IPV4=192.0.2.1\n');
  });

  test('goes where it came for our lines alone', () => {
    setUp();
    root.put(environmentFile, ours);
    succeed();
    expect(root.has(environmentFile)).toBe(false);
    expect(root.has(`${beforeFolder}${environmentFile}`)).toBe(false);
  });
});
