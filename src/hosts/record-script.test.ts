import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseState, stateCommand } from './facts.ts';
import { FakeRoot } from './fake-root.ts';
import { type Added, beforeFolder, recordPath } from './record.ts';
import { type Owner, recordCommand, restoreCommand } from './record-script.ts';
import { nothingWanted } from './wanted.ts';

const dev: Owner = { cluster: 'dev', machine: 'core-1', owner: 'ssh-ed25519 AAAAdev flotilla-dev' };
const prod: Owner = { cluster: 'prod', machine: 'core-1', owner: 'ssh-ed25519 AAAAprod flotilla-prod' };
const unit = '/etc/systemd/system/etcd.service';
const motd = '/etc/motd';

function added(owner: Owner, packages: readonly string[] = []): Added {
  const user = { name: 'core', created: true, joined: [] };
  return {
    version: 1,
    ...owner,
    ...{ packages: [...packages], groups: [], user, files: [], units: [], absent: [] },
  };
}

let root: FakeRoot;
beforeEach(() => {
  root = new FakeRoot();
});
afterEach(() => root.remove());

const stateOf = () => parseState(root.run(stateCommand(nothingWanted, '')).stdout, 'core-1');

describe('the record', () => {
  test('that does not arrive whole replaces nothing', () => {
    expect(root.run(recordCommand(added(dev), [], true)).status).toBe(0);
    const before = root.read(recordPath);
    const command = recordCommand(added(dev, ['docker.io']), [motd], false);
    root.put(motd, 'welcome\n');
    for (const length of [0, 1, 100, before.length]) {
      const { status, stderr } = root.run(command, length);
      expect([status, stderr]).toEqual([1, expect.stringContaining('did not arrive whole')]);
      expect(root.read(recordPath)).toBe(before);
      expect(root.has(`${beforeFolder}${root.path(motd)}`)).toBe(false);
    }
    expect(root.run(command).status).toBe(0);
    expect(stateOf().added).toEqual(added(dev, ['docker.io']));
  });

  test('of another cluster stays, and so do its copies', () => {
    root.put(motd, 'of prod\n');
    root.run(recordCommand(added(prod), [motd], true));
    const { status, stderr } = root.run(recordCommand(added(dev), [motd], true));
    expect([status, stderr]).toEqual([1, expect.stringContaining('another Flotilla cluster took the host')]);
    expect(stateOf().added?.cluster).toBe('prod');
    expect(root.has(`${beforeFolder}${root.path(motd)}`)).toBe(true);
  });

  test('is of one of those who take the host at the same time, with the copies that it names', async () => {
    root.put(motd, 'welcome\n');
    const owners = Array.from({ length: 6 }, (_, index) => ({ ...dev, cluster: `stack-${index}` }));
    const ends = await Promise.all(
      owners.map((owner) => root.start(recordCommand(added(owner), [motd], true))),
    );
    const winner = ends.indexOf(0);
    expect(ends).toEqual(owners.map((_, index) => (index === winner ? 0 : 1)));
    expect(stateOf().added?.cluster).toBe(`stack-${winner}`);
    expect(root.has(`${beforeFolder}${root.path(motd)}`)).toBe(true);
  });

  test('that a run did not get to leaves a host that is nobody’s, and copies that are made anew', () => {
    root.put(`${beforeFolder}${root.path(motd)}`, 'as it was long ago\n');
    root.put(motd, 'as it is now\n');
    expect(stateOf()).toMatchObject({ flotilla: false, recorded: false });
    expect(root.run(recordCommand(added(dev), [motd], true)).status).toBe(0);
    expect(root.read(`${beforeFolder}${root.path(motd)}`)).toBe('as it is now\n');
  });

  test('that is gone is made anew beside the copies, which stay as they are', () => {
    root.put(`${beforeFolder}${root.path(motd)}`, 'what the owner had\n');
    root.put(motd, 'what Flotilla wrote\n');
    expect(root.run(recordCommand(added(dev), [motd], false)).status).toBe(0);
    expect(root.read(`${beforeFolder}${root.path(motd)}`)).toBe('what the owner had\n');
  });

  test.each([
    ['nothing', ''],
    ['half of it', '{"version": 1,'],
  ])('with %s in it is an error, and not a host without one', (_what, contents) => {
    root.put(recordPath, contents);
    expect(stateOf).toThrow(`${recordPath} on core-1, which says what Flotilla added there,`);
  });

  test('is missed where a machine was set up: its other files tell', () => {
    root.put('/etc/flotilla/agent.json', '{}');
    expect(stateOf()).toMatchObject({ flotilla: true, recorded: false });
  });
});

describe('files', () => {
  test('come back as what they were: a link that masks a unit, and one that leads nowhere', () => {
    mkdirSync(root.path('/etc/systemd/system'), { recursive: true });
    symlinkSync('/dev/null', root.path(unit));
    symlinkSync('nowhere', root.path(motd));
    expect(root.run(recordCommand(added(dev), [unit, motd], true)).status).toBe(0);
    for (const path of [unit, motd]) {
      root.run({ argv: ['rm', path] });
      root.put(path, 'of Flotilla\n');
    }
    const files = [unit, motd].map((path) => ({ path, existed: true }));
    expect(root.run(restoreCommand(files))).toMatchObject({ status: 0, stdout: '' });
    expect(readlinkSync(root.path(unit))).toBe('/dev/null');
    expect(readlinkSync(root.path(motd))).toBe('nowhere');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('stay where their copy is gone, and that is said', () => {
    root.put(motd, 'of Flotilla\n');
    const { stdout } = root.run(restoreCommand([{ path: motd, existed: true }]));
    expect(stdout).toContain('stays as Flotilla wrote it');
    expect(root.has(motd)).toBe(true);
  });

  test('stay when what is said of them does not arrive whole', () => {
    root.put(motd, 'of Flotilla\n');
    const command = restoreCommand([{ path: motd, existed: false }]);
    expect(root.run(command, (command.stdin?.length ?? 0) - 5).status).toBe(1);
    expect(root.has(motd)).toBe(true);
  });
});
