import { describe, expect, test } from '@jest/globals';
import { ConnectionLostError, HostKeyError } from './errors.ts';
import { FakeMachine } from './fake.ts';
import { firstContact } from './first-contact.ts';
import { generateSshKey } from './key-pair.ts';
import { canonicalPublicKey } from './public-key.ts';

const oneTime = generateSshKey('one-time').publicKey;
const lasting = canonicalPublicKey(generateSshKey('').publicKey);
const machineId = 'a'.repeat(32);

/** A machine that shows the one-time key until it is told to switch. */
function setUp() {
  const machine = new FakeMachine({ name: 'core-1', hostKey: oneTime });
  let shown = oneTime;
  const events: string[] = [];
  const only = () => (shown === lasting ? 'only=yes\n' : '');
  machine.programs.set('flotilla-host-key-prepare', () => ({
    stdout: `hostKey=${lasting} root@core-1\nmachineId=${machineId}\n${only()}`,
  }));
  machine.programs.set('flotilla-host-key-commit', () => {
    events.push('switched');
    shown = lasting;
    return {};
  });
  const connect = async ({ hostKey }: { hostKey: string }) => {
    if (hostKey !== shown) throw new HostKeyError('wrong key');
    return machine.connect();
  };
  const stored: string[] = [];
  const record = async (key: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    stored.push(key);
    events.push('recorded');
  };
  const run = () => {
    const recorded = stored.at(-1);
    return firstContact(machine.target, {
      connect,
      record,
      ...(recorded === undefined ? {} : { recorded: { hostKey: recorded } }),
    });
  };
  return { machine, run, connect, record, stored, events, shown: () => shown };
}

describe('firstContact', () => {
  test('records the lasting key before the machine switches, in two round trips', async () => {
    const { run, machine, events, shown } = setUp();
    expect(await run()).toEqual({ hostKey: lasting, machineId });
    expect(events).toEqual(['recorded', 'switched']);
    expect(shown()).toBe(lasting);
    expect(machine.commands).toHaveLength(2);
  });

  test('a machine that shows the recorded key and has no other is only asked who it is', async () => {
    const { run, machine, events } = setUp();
    await run();
    expect(await run()).toEqual({ hostKey: lasting, machineId });
    expect(events).toEqual(['recorded', 'switched']);
    expect(machine.commands).toHaveLength(3);
  });

  test('a machine that was made with the lasting key alone has to prove it and is asked nothing', async () => {
    const { run, machine, connect, record } = setUp();
    await run();
    const asked = machine.commands.length;
    const recorded = { hostKey: lasting, machineId };
    expect(await firstContact(machine.target, { connect, record, recorded })).toEqual(recorded);
    expect(machine.commands).toHaveLength(asked);
  });

  test('a machine that does not prove the recorded key is asked, whatever was recorded', async () => {
    const { machine, connect, record, stored } = setUp();
    const recorded = { hostKey: canonicalPublicKey(generateSshKey('').publicKey), machineId: 'b'.repeat(32) };
    expect(await firstContact(machine.target, { connect, record, recorded })).toEqual({
      hostKey: lasting,
      machineId,
    });
    expect(stored).toEqual([lasting]);
  });

  test('who only has the one-time key is not believed that it is done', async () => {
    const { machine, run, stored } = setUp();
    stored.push(lasting);
    const claims = `hostKey=${lasting}\nmachineId=${machineId}\nonly=yes\n`;
    machine.programs.set('flotilla-host-key-prepare', () => ({ stdout: claims }));
    machine.programs.set('flotilla-host-key-commit', () => ({}));
    await expect(run()).rejects.toBeInstanceOf(HostKeyError);
  });

  test.each([
    [0, 'before'],
    [0, 'after'],
    [1, 'before'],
    [1, 'after'],
  ] as const)('cut off at command %d, %s it took effect, then run again', async (command, when) => {
    const { run, machine, stored, shown } = setUp();
    machine.cut = { command, when };
    await expect(run()).rejects.toBeInstanceOf(ConnectionLostError);
    expect(await run()).toMatchObject({ hostKey: lasting });
    expect(shown()).toBe(lasting);
    expect(stored).toEqual([lasting]);
  });

  test('a key that could not be recorded is not switched to', async () => {
    const { machine, shown } = setUp();
    const record = async () => Promise.reject(new Error('disk full'));
    const connect = async () => machine.connect();
    await expect(firstContact(machine.target, { connect, record })).rejects.toThrow('disk full');
    expect(shown()).toBe(oneTime);
  });

  test('a switch that did not show is an error', async () => {
    const { machine, run } = setUp();
    machine.programs.set('flotilla-host-key-commit', () => ({}));
    await expect(run()).rejects.toBeInstanceOf(HostKeyError);
  });

  test('what sshd said against it is passed on', async () => {
    const { machine, run } = setUp();
    machine.programs.set('flotilla-host-key-commit', () => ({ status: 1, stderr: 'is there an Include?' }));
    await expect(run()).rejects.toThrow(
      'core-1 has not got its lasting host key: flotilla-host-key-commit on core-1 ended with status 1: ' +
        'is there an Include?. `npm run up` tries again',
    );
  });

  test('what is no host key is told with the machine that printed it', async () => {
    const { machine, run } = setUp();
    machine.programs.set('flotilla-host-key-prepare', () => ({ stdout: `machineId=${machineId}\n` }));
    await expect(run()).rejects.toThrow(/^core-1 printed no host key: .*got ""\. Run `npm run up` again$/);
  });

  test('a cancel ends the command that runs', async () => {
    const { machine, connect, record } = setUp();
    machine.programs.set('flotilla-host-key-prepare', () => new Promise(() => undefined));
    const signal = AbortSignal.timeout(100);
    await expect(firstContact(machine.target, { connect, record, signal })).rejects.toThrow('aborted');
  });

  test('a machine that has no id yet is refused', async () => {
    const { machine, run } = setUp();
    machine.programs.set('flotilla-host-key-prepare', () => ({
      stdout: `hostKey=${lasting}\nmachineId=uninitialized\n`,
    }));
    await expect(run()).rejects.toThrow(
      /^core-1 has no machine id yet: \/etc\/machine-id holds "uninitialized" .*`npm run up` looks again/,
    );
  });
});
