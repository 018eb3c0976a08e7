import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeHost } from '../../../hosts/fake-host.ts';
import type { FakeHostState } from '../../../hosts/fake-host-state.ts';
import { recordPath } from '../../../hosts/record.ts';
import type { Connection, SshTarget } from '../../../ssh/connection.ts';
import { AuthenticationError, BastionError, HostKeyError } from '../../../ssh/errors.ts';
import { generateSshKey } from '../../../ssh/key-pair.ts';
import { fingerprint, publicKeyBlob } from '../../../ssh/public-key.ts';
import { programName } from '../../../ssh/script.ts';
import { anyHandler } from '../../handler.ts';
import { type Context, InitFailed, type Properties, unknownValue } from '../../resource.ts';
import { machine } from './machine.ts';
import { network } from './network.ts';

const login = generateSshKey('flotilla-dev');
const shown = generateSshKey('host').publicKey;
const hostKey = fingerprint(publicKeyBlob(shown));
let hosts: Map<string, FakeHost>;
let said: string[];
/** Bastions by which hosts were reached. */
let bastions: Set<string>;
let folder: string;

const contextOf = (name: string): Context => ({
  urn: `urn:${name}`,
  name,
  stack: 'dev',
  log: (line) => void said.push(line),
  signal: new AbortController().signal,
});

beforeEach(() => {
  hosts = new Map();
  said = [];
  bastions = new Set();
  folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  writeFileSync(join(folder, 'id'), generateSshKey('owner').privateKey);
});

afterEach(() => rmSync(folder, { recursive: true }));

function addHost(last: number, state: Partial<FakeHostState> = {}): FakeHost {
  const host = new FakeHost({
    addresses: [`10.0.0.${last}`],
    machineId: String(last % 10).repeat(32),
    ...state,
  });
  hosts.set(`10.0.0.${last}`, host);
  return host;
}

/** As when somebody there writes into /etc/machine-id. */
function sayOtherId(host: FakeHost, machineId: string): void {
  const program = host.programs.get('flotilla-host-state');
  host.programs.set('flotilla-host-state', async (call) => {
    const outcome = (await program?.(call)) ?? {};
    return {
      ...outcome,
      stdout: outcome.stdout?.replace(/^machine-id .*$/m, `machine-id ${machineId}`) ?? '',
    };
  });
}

/** As sshd: the right host key, then the operator's user, or core once the stack's key is known there. */
async function connect(target: SshTarget): Promise<Connection> {
  if (target.proxyJump) bastions.add(target.proxyJump.address);
  if (target.proxyJump?.address === broken.address) throw new BastionError(brokenBastion);
  const host = hosts.get(target.host);
  if (!host) throw new Error(`${target.host} does not answer`);
  if (![hostKey, shown].includes(target.hostKey)) throw new HostKeyError('another', { shown: hostKey });
  const known = host.users.get(target.user)?.keys.includes(login.publicKey);
  if (target.user !== 'admin' && !known) throw new AuthenticationError(`${target.user} is not let in`);
  const connection = host.connect();
  return Object.assign(connection, { target: { ...target, hostKey: shown } });
}

const jump = { address: '203.0.113.9', port: 22, user: 'jump', hostKey, inCluster: false };
const broken = { ...jump, address: '203.0.113.10' };
const brokenBastion = { path: 'flotilla:proxyJump', problem: 'it is away', fix: 'bring it back' };

const handlers = () => ({ network: anyHandler(network(connect)), machine: anyHandler(machine(connect)) });

const reach = (last: number) => ({ address: `10.0.0.${last}`, port: 22, user: 'admin', hostKey });
const keys = { privateKey: login.privateKey, authorizedKey: login.publicKey };

function hostInput(name: string, last: number): Properties {
  return {
    ...{ ...reach(last), name, clusterAddress: `10.0.0.${last}`, cpus: 1, memory: 1024, disk: 8, etcd: true },
    path: `flotilla:hosts.machines.core.${last}`,
    groupPath: 'flotilla:machines.core',
  };
}

const identityFile = () => join(folder, 'id');
const networkInputs = (...list: Properties[]) => ({ hosts: list, identityFile: identityFile(), ...keys });

const machineInputs = (last: number): Properties => ({
  ...reach(last),
  ...keys,
  identityFile: identityFile(),
  wanted: {
    packages: ['docker.io'],
    groups: ['flotilla'],
    user: { name: 'core', groups: ['docker', 'flotilla'] },
    files: [{ path: '/etc/sudoers.d/flotilla', contents: 'core\n', mode: '0440' }],
    units: [{ name: 'docker.service', waits: false }],
  },
});

describe('the network', () => {
  test('looks at all hosts and reports everything at once, before anything is changed', async () => {
    const good = addHost(5);
    const before = good.snapshot();
    addHost(6, { os: 'debian 11 Debian GNU/Linux 11' });
    addHost(7, { machineId: '5'.repeat(32) });
    const wrong = { ...hostInput('core-4', 5), hostKey: `SHA256:${'x'.repeat(43)}` };
    const list = [
      hostInput('core-1', 5),
      hostInput('core-2', 6),
      hostInput('core-3', 7),
      wrong,
      hostInput('core-5', 9),
    ];
    const looking = handlers().network.create(networkInputs(...list), contextOf('network'));
    await expect(looking).rejects.toThrow(/^These hosts cannot be used; nothing was changed:/);
    await expect(looking).rejects.toThrow('runs Debian GNU/Linux 11, which cannot be used');
    await expect(looking).rejects.toThrow('core-3 has the machine id of core-1');
    await expect(looking).rejects.toThrow(`showed the host key ${hostKey}, and SHA256:xxx`);
    await expect(looking).rejects.toThrow('10.0.0.9 does not answer');
    expect(good.snapshot()).toEqual(before);
  });

  test('looks before the login key exists too, and says whether a processor is emulated', async () => {
    addHost(5, { virtualization: 'qemu' });
    const unknown = {
      ...networkInputs(hostInput('core-1', 5)),
      privateKey: unknownValue,
      authorizedKey: unknownValue,
    };
    const planned = await handlers().network.preview(unknown, undefined, contextOf('network'));
    expect(planned).toMatchObject({ emulated: true, machineIds: { 'core-1': '5'.repeat(32) } });
  });

  test('tells what each host runs, and keeps what it knows of those that it does not look at again', async () => {
    addHost(5, { os: 'debian 12 Debian GNU/Linux 12' });
    const one = networkInputs(hostInput('core-1', 5));
    const { outputs } = await handlers().network.create(one, contextOf('network'));
    expect(outputs).toMatchObject({ systems: { 'core-1': 'debian-12' } });
    addHost(6, { os: 'ubuntu 24.04 Ubuntu 24.04.1 LTS' });
    const two = networkInputs(hostInput('core-1', 5), hostInput('core-2', 6));
    const later = await handlers().network.update('dev', two, outputs, contextOf('network'));
    expect(later).toMatchObject({ systems: { 'core-1': 'debian-12', 'core-2': 'ubuntu-24.04' } });
    // States of earlier versions say nothing of it: then all hosts ran the same.
    const { systems: _, ...earlier } = outputs;
    const then = await handlers().network.update('dev', two, earlier, contextOf('network'));
    expect(then).toMatchObject({ systems: { 'core-1': 'debian-13', 'core-2': 'ubuntu-24.04' } });
  });

  test('tells how to go on without sudo, without a key that fits, and without any key', async () => {
    const host = addHost(5);
    host.programs.set('flotilla-host-facts', () => ({ status: 1, stderr: 'sudo: a password is required' }));
    const look = (changes: Properties) =>
      handlers().network.create(
        { ...networkInputs({ ...hostInput('core-1', 5), ...changes }) },
        contextOf('network'),
      );
    await expect(look({})).rejects.toThrow('admin may not use sudo there without a password');
    await expect(look({ user: 'nobody' })).rejects.toThrow('takes none of your keys for nobody');
    rmSync(identityFile());
    await expect(look({})).rejects.toThrow('flotilla:hosts.identityFile: cannot be read');
    writeFileSync(identityFile(), '');
  });

  test('goes through the bastion, and says once what is wrong with it', async () => {
    addHost(5);
    addHost(6, { machineId: '6'.repeat(32) });
    const behind = (proxyJump: object) =>
      networkInputs({ ...hostInput('core-1', 5), proxyJump }, { ...hostInput('core-2', 6), proxyJump });
    const { network: handler } = handlers();
    const failing = handler.create(behind(broken), contextOf('network'));
    await expect(failing).rejects.toThrow(
      /^These hosts cannot be used; nothing was changed:\n {2}flotilla:proxyJump: it is away\n {4}→ bring it back$/,
    );
    const { outputs } = await handler.create(behind(jump), contextOf('network'));
    expect(bastions).toEqual(new Set([broken.address, jump.address]));
    hosts.clear();
    // The same way again is no reason to look, and another one is.
    await handler.update('dev', behind({ ...jump }), outputs, contextOf('network'));
    const elsewhere = handler.update('dev', behind(broken), outputs, contextOf('network'));
    await expect(elsewhere).rejects.toThrow('it is away');
  });

  test('looks at new hosts only, and compares them with those that it knows', async () => {
    addHost(5);
    const { network: handler } = handlers();
    const { outputs } = await handler.create(networkInputs(hostInput('core-1', 5)), contextOf('network'));
    hosts.delete('10.0.0.5');
    addHost(6, { machineId: '5'.repeat(32) });
    const both = networkInputs(hostInput('core-1', 5), hostInput('core-2', 6));
    await expect(handler.update('dev', both, outputs, contextOf('network'))).rejects.toThrow(
      'core-2 has the machine id of core-1',
    );
  });

  test('refuses a new host whose id a known one says that it has by now', async () => {
    addHost(5);
    const { network: handler } = handlers();
    const { outputs } = await handler.create(networkInputs(hostInput('core-1', 5)), contextOf('network'));
    addHost(5, { machineId: '6'.repeat(32) });
    addHost(6);
    const both = networkInputs(hostInput('core-1', 5), hostInput('core-2', 6));
    await expect(handler.update('dev', both, outputs, contextOf('network'))).rejects.toThrow(
      'core-2 has the machine id of core-1',
    );
  });

  test('takes away, when it goes, what a run that was cut off left on a host that no machine is known of', async () => {
    const host = addHost(5);
    const before = host.snapshot();
    const { network: handler, machine: set } = handlers();
    const { outputs } = await handler.create(networkInputs(hostInput('core-1', 5)), contextOf('network'));
    host.cut = { command: host.commands.length + 4, when: 'after' };
    await expect(set.create(machineInputs(5), contextOf('core-1'))).rejects.toThrow('Lost the connection');
    expect(host.files.has(recordPath)).toBe(true);
    await handler.delete('dev', outputs, contextOf('network'));
    expect(host.snapshot()).toEqual(before);
  });
});

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
