import { expect, jest, test } from '@jest/globals';
import { createAuthority } from '../pki/authority.ts';
import { EtcdAdmin } from './admin.ts';

test('members that do not answer are waited for aloud, and the end says how long, why, and what goes on', async () => {
  const log: string[] = [];
  const authority = await createAuthority({ name: 'flotilla test' });
  jest.useFakeTimers({
    doNotFake: [
      'clearTimeout',
      'Date',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'setTimeout',
    ],
  });
  const admin = await EtcdAdmin.open({
    members: [{ name: 'core-1', address: '192.0.2.1' }],
    authority,
    connect: async () => {
      jest.advanceTimersByTime(5000);
      throw new Error('core-1 did not answer SSH within 30 s');
    },
    log: (line) => log.push(line),
    deadline: 1,
  });
  await expect(admin.enable()).rejects.toThrow(
    /^etcd's users can't be set up within 1 s: core-1 did not answer SSH within 30 s; .*`npm run up` goes on/,
  );
  jest.useRealTimers();
  expect(log[0]).toMatch(/^waiting for etcd to take its users \(\d s of 1 s\): core-1 did not answer SSH/);
  await admin.close();
}, 20_000);
