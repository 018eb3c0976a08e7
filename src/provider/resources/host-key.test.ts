import { expect, test } from '@jest/globals';
import { ConnectionPool } from '../../ssh/pool.ts';
import { diffProperties } from '../diff.ts';
import { anyHandler } from '../handler.ts';
import { hostKey } from './host-key.ts';

const met = {
  ...{ machine: 'core-1', host: '127.0.0.1', port: 22, user: 'core', privateKey: 'the login key' },
  ...{ oneTimeHostKey: 'ssh-ed25519 AAAA', incarnation: 'life-1' },
};

const diff = (change: Partial<typeof met>) =>
  diffProperties(
    anyHandler(hostKey(new ConnectionPool())),
    { inputs: met, outputs: {} },
    { ...met, ...change },
    [],
  );

test('another life of the machine is met anew', () => {
  expect(diff({ incarnation: 'life-2' })).toEqual({ incarnation: { kind: 'update', replace: true } });
});

test('no refresh asks a machine again who it is: by then somebody may have broken into it', async () => {
  // No machine answers at this port, so whatever asked would fail.
  const pool = new ConnectionPool();
  const outputs = { ...met, publicKey: 'ssh-ed25519 CCCC', machineId: 'c'.repeat(32) };
  const context = { urn: 'urn:core-1', name: 'core-1', stack: 'dev', log: () => undefined };
  const signal = AbortSignal.abort();
  const handler = anyHandler(hostKey(pool));
  const found = await handler.read('id', outputs, met, { ...context, signal });
  expect(found?.outputs).toEqual(outputs);
  expect(await handler.update('id', { ...met, host: '127.0.0.2' }, outputs, { ...context, signal })).toEqual({
    ...outputs,
    host: '127.0.0.2',
  });
});

test('a machine that was met is not met again by a one-time key which it never had', () => {
  // A generation that is raised and put back makes the key anew, and not the machine.
  expect(diff({ oneTimeHostKey: 'ssh-ed25519 BBBB' })).toEqual({});
});
