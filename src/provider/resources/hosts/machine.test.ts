import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { recordPath } from '../../../hosts/record.ts';
import { generateSshKey } from '../../../ssh/key-pair.ts';
import { programName } from '../../../ssh/script.ts';
import { InitFailed, unknownValue } from '../../resource.ts';
import {
  addHost,
  bastions,
  begin,
  contextOf,
  end,
  handlers,
  hosts,
  jump,
  machineInputs,
  said,
  sayOtherId,
  shown,
} from './test-hosts.ts';

beforeEach(begin);
afterEach(end);

describe('a machine', () => {
  test('shows at preview what is to change, also before the login key exists, and changes nothing', async () => {
    const host = addHost(5);
    const before = host.snapshot();
    const unknown = { ...machineInputs(5), privateKey: unknownValue, authorizedKey: unknownValue };
    const planned = await handlers().machine.preview(unknown, undefined, contextOf('core-1'));
    expect(planned).toMatchObject({ machineId: '5'.repeat(32), provedKey: shown });
    expect(said).toContain('write /etc/sudoers.d/flotilla: missing');
    expect(said).toContain('install docker.io: not installed');
    expect(host.snapshot()).toEqual(before);
  });

  test('is set up, found to have drifted, mended, and taken away again', async () => {
    const host = addHost(5);
    const before = host.snapshot();
    const { machine: handler } = handlers();
    const { id, outputs } = await handler.create(machineInputs(5), contextOf('core-1'));
    expect(outputs).toMatchObject({ machineId: '5'.repeat(32), provedKey: shown, drifted: [] });
    host.files.set('/etc/sudoers.d/flotilla', { contents: 'other\n', mode: '0440' });
    const found = await handler.read(id, outputs, machineInputs(5), contextOf('core-1'));
    expect(handler.drift(found?.outputs ?? {})).toEqual({
      drifted: 'write /etc/sudoers.d/flotilla: its contents differ',
    });
    const known = host.commands.length;
    const mended = await handler.update(id, machineInputs(5), found?.outputs ?? {}, contextOf('core-1'));
    expect(handler.drift(mended)).toEqual({});
    // What is new to nobody is not recorded again: of a hundred hosts each call counts.
    const ran = host.commands.slice(known).map(programName);
    expect(new Set(ran)).toEqual(new Set(['flotilla-host-state', 'write-files']));
    await handler.delete(id, mended, contextOf('core-1'));
    expect(host.snapshot()).toEqual(before);
  });

  test('is set up and taken away through the bastion', async () => {
    const host = addHost(5);
    const before = host.snapshot();
    const { machine: handler } = handlers();
    const wanted = { ...machineInputs(5), proxyJump: jump };
    const { id, outputs } = await handler.create(wanted, contextOf('core-1'));
    expect(bastions).toEqual(new Set([jump.address]));
    bastions.clear();
    await handler.delete(id, outputs, contextOf('core-1'));
    expect(bastions).toEqual(new Set([jump.address]));
    expect(host.snapshot()).toEqual(before);
  });

  test.each([
    ['flotilla-host-install', 'E: Failed to fetch docker.io'],
    ['write-files', 'head: error writing: No space left on device'],
  ])('whose set-up fails in %s stays in the state, and goes from there', async (program, complaint) => {
    const host = addHost(5);
    const before = host.snapshot();
    const run = host.run.bind(host);
    host.run = async (command, signal) => {
      const fails = command.argv.includes(program);
      return fails ? { status: 100, stdout: '', stderr: complaint } : run(command, signal);
    };
    const { machine: handler } = handlers();
    const failure = await handler
      .create(machineInputs(5), contextOf('core-1'))
      .catch((error: unknown) => error);
    if (!(failure instanceof InitFailed)) throw failure;
    expect(failure.message).toContain(complaint);
    host.run = run;
    await handler.delete(failure.id, failure.outputs, contextOf('core-1'));
    expect(host.snapshot()).toEqual(before);
  });

  test("is refused where another state's machine lives", async () => {
    const host = addHost(5);
    const { machine: handler } = handlers();
    await handler.create(machineInputs(5), contextOf('core-1'));
    const before = host.snapshot();
    const other = { ...machineInputs(5), authorizedKey: generateSshKey('other').publicKey };
    await expect(handler.create(other, contextOf('core-1'))).rejects.toThrow(
      'core-1: the host is in another Flotilla cluster (core-1 of the stack dev)',
    );
    expect(host.snapshot()).toEqual(before);
  });

  test('does not move to another host and leave the first one as it is', async () => {
    addHost(5);
    addHost(6);
    const { machine: handler } = handlers();
    const { id, outputs } = await handler.create(machineInputs(5), contextOf('core-1'));
    const moving = handler.update(id, machineInputs(6), outputs, contextOf('core-1'));
    await expect(moving).rejects.toThrow(
      '10.0.0.6:22 is another host than 10.0.0.5:22 was; put the old one back',
    );
  });

  // Who has broken into a host writes there what he likes, the word `root` and another machine's id among it.
  test.each([['7'.repeat(32)], ['root'], ['']])(
    'that says by now that its id is %j is refused by name, at refresh, preview and update',
    async (machineId) => {
      const host = addHost(5);
      const { machine: handler } = handlers();
      const { id, outputs } = await handler.create(machineInputs(5), contextOf('core-1'));
      sayOtherId(host, machineId);
      host.files.set('/etc/sudoers.d/flotilla', { contents: 'other\n', mode: '0440' });
      const found = await handler.read(id, outputs, machineInputs(5), contextOf('core-1'));
      expect(handler.drift(found?.outputs ?? {}).drifted).toContain(
        `its machine id is not ${'5'.repeat(32)} any more`,
      );
      expect(found?.outputs).toMatchObject({ machineId: '5'.repeat(32) });
      const why = `core-1: the machine id of 10.0.0.5:22 is ${JSON.stringify(machineId)}, and was ${'5'.repeat(32)}`;
      const now = found?.outputs ?? {};
      await expect(handler.preview(machineInputs(5), now, contextOf('core-1'))).rejects.toThrow(why);
      await expect(handler.update(id, machineInputs(5), now, contextOf('core-1'))).rejects.toThrow(why);
    },
  );

  test('that was installed anew, and whose new host key is named, has the id that it says then', async () => {
    addHost(5);
    const { machine: handler } = handlers();
    const { id, outputs } = await handler.create(machineInputs(5), contextOf('core-1'));
    addHost(5, { machineId: '7'.repeat(32) });
    const before = { ...outputs, provedKey: generateSshKey('earlier').publicKey };
    const anew = await handler.update(id, machineInputs(5), before, contextOf('core-1'));
    expect(anew).toMatchObject({ machineId: '7'.repeat(32) });
  });

  test('whose id is none is not set up', async () => {
    const host = addHost(5, { machineId: 'root' });
    const before = host.snapshot();
    const creating = handlers().machine.create(machineInputs(5), contextOf('core-1'));
    await expect(creating).rejects.toThrow('core-1: "root" is no machine id');
    expect(host.snapshot()).toEqual(before);
  });

  test('that does not answer any more is said to have drifted, and at its end how to go on', async () => {
    addHost(5);
    const { machine: handler } = handlers();
    const { id, outputs } = await handler.create(machineInputs(5), contextOf('core-1'));
    hosts.clear();
    const found = await handler.read(id, outputs, machineInputs(5), contextOf('core-1'));
    expect(handler.drift(found?.outputs ?? {}).drifted).toContain('10.0.0.5 does not answer');
    await expect(handler.delete(id, outputs, contextOf('core-1'))).rejects.toThrow(
      "npx pulumi state delete 'urn:core-1'",
    );
  });

  describe('whose record is gone', () => {
    const lost = async () => {
      const host = addHost(5);
      const before = host.snapshot();
      const { id, outputs } = await handlers().machine.create(machineInputs(5), contextOf('core-1'));
      host.files.delete(recordPath);
      return { host, before, id, outputs };
    };

    test('is taken away by the copy in the state', async () => {
      const { host, before, id, outputs } = await lost();
      await handlers().machine.delete(id, outputs, contextOf('core-1'));
      expect(host.snapshot()).toEqual(before);
      expect(said).toContain(
        "/etc/flotilla/added.json is gone: what is taken away goes by the state's copy of it",
      );
    });

    test('is found by refresh, and gets it again', async () => {
      const { host, before, id, outputs } = await lost();
      const { machine: handler } = handlers();
      const found = await handler.read(id, outputs, machineInputs(5), contextOf('core-1'));
      expect(handler.drift(found?.outputs ?? {})).toEqual({
        drifted: 'write /etc/flotilla/added.json: it is gone',
      });
      const mended = await handler.update(id, machineInputs(5), found?.outputs ?? {}, contextOf('core-1'));
      expect(JSON.parse(host.files.get(recordPath)?.contents ?? '')).toEqual(outputs.record);
      await handler.delete(id, mended, contextOf('core-1'));
      expect(host.snapshot()).toEqual(before);
    });

    test('and of which the state has no copy is an error that names what is left, never a success', async () => {
      const { host, id, outputs } = await lost();
      const { record: _, ...earlier } = outputs;
      const before = host.snapshot();
      const { machine: handler } = handlers();
      for (const act of [
        () => handler.delete(id, earlier, contextOf('core-1')),
        () => handler.update(id, machineInputs(5), earlier, contextOf('core-1')),
      ])
        await expect(act()).rejects.toThrow(
          "still there: the stack's key in ~core/.ssh/authorized_keys, /etc/sudoers.d/flotilla",
        );
      expect(host.snapshot()).toEqual(before);
    });

    test('since it was taken away whole is gone', async () => {
      const { host, before, id, outputs } = await lost();
      const { machine: handler } = handlers();
      await handler.delete(id, outputs, contextOf('core-1'));
      await handler.delete(id, outputs, contextOf('core-1'));
      expect(said).toContain('nothing of Flotilla is there');
      expect(host.snapshot()).toEqual(before);
    });

    test("leaves alone what is somebody else's at our path", async () => {
      const { host, id, outputs } = await lost();
      host.users.delete('core');
      host.files.set('/etc/sudoers.d/flotilla', { contents: 'eve ALL=(ALL) ALL\n', mode: '0440' });
      await handlers().machine.delete(id, outputs, contextOf('core-1'));
      expect(host.files.has('/etc/sudoers.d/flotilla')).toBe(true);
    });

    test('since it was damaged is an error', async () => {
      const { host, id, outputs } = await lost();
      host.files.set(recordPath, { contents: '', mode: '0600' });
      const leaving = handlers().machine.delete(id, outputs, contextOf('core-1'));
      await expect(leaving).rejects.toThrow('is empty');
      expect(host.users.has('core')).toBe(true);
    });
  });

  test('of which a first run left nothing but copies is set up', async () => {
    const host = addHost(5, {
      files: { '/etc/flotilla/before/etc/environment': { contents: 'A=1\n', mode: '0644' } },
    });
    await handlers().machine.create(machineInputs(5), contextOf('core-1'));
    expect(host.files.has(recordPath)).toBe(true);
  });

  test("is refused where somebody's folder came since the preview", async () => {
    addHost(5, { files: { '/opt/flotilla/mine': { contents: '', mode: '0644' } } });
    await expect(handlers().machine.create(machineInputs(5), contextOf('core-1'))).rejects.toThrow(
      'has /opt/flotilla already',
    );
  });
});
