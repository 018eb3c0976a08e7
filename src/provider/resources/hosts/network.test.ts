import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { recordPath } from '../../../hosts/record.ts';
import { type Properties, unknownValue } from '../../resource.ts';
import {
  addHost,
  bastions,
  begin,
  broken,
  contextOf,
  end,
  handlers,
  hostInput,
  hostKey,
  hosts,
  identityFile,
  jump,
  machineInputs,
  networkInputs,
} from './test-hosts.ts';

beforeEach(begin);
afterEach(end);

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
