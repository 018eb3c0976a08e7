import { describe, expect, test } from '@jest/globals';
import { connectionContract, contractPrograms } from '../../test/contract/connection.ts';
import { ConnectionLostError } from './errors.ts';
import { FakeMachine } from './fake.ts';

connectionContract('fake', async () => {
  const machine = new FakeMachine();
  for (const [name, { program }] of Object.entries(contractPrograms)) machine.programs.set(name, program);
  machine.sockets.set('/run/echo.sock', (stream) => stream.pipe(stream));
  machine.ports.set(7, (stream) => stream.pipe(stream));
  machine.hosts.set('other.test:7', (stream) => stream.pipe(stream));
  return {
    connect: async () => machine.connect(),
    cutConnections: () => machine.loseConnections(),
    echoSocket: '/run/echo.sock',
    echoPort: 7,
    echoHost: 'other.test',
    close: async () => machine.loseConnections(),
  };
});

describe('a cut around a command', () => {
  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('%s it took effect', async (when, effects) => {
    const machine = new FakeMachine();
    let count = 0;
    machine.programs.set('touch', () => {
      count += 1;
      return {};
    });
    machine.cut = { command: 0, when };
    await expect(machine.connect().exec({ argv: ['touch'] })).rejects.toBeInstanceOf(ConnectionLostError);
    expect(count).toBe(effects);
    expect(await machine.connect().exec({ argv: ['touch'] })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(machine.commands).toHaveLength(2);
  });
});
