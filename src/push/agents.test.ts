import { expect, test } from '@jest/globals';
import { createAuthority } from '../pki/authority.ts';
import { FakeMachine, type Outcome } from '../ssh/fake.ts';
import { installAgents } from './agents.ts';
import { fakeMachine } from './fake-agent.ts';

test.each<[what: string, outcome: Outcome, message: string]>([
  [
    'its last lines',
    { status: 1, stderr: 'reading\nsh: 1\ncannot open\nopenssl: not found\n' },
    'inspect-agent on core-1 ended with status 1: sh: 1; cannot open; openssl: not found. ' +
      'Once that is mended, `npm run up` goes on',
  ],
  [
    'that it said nothing',
    { status: 137 },
    'inspect-agent on core-1 ended with status 137: it said nothing.',
  ],
])('a command that fails is named with its machine and %s', async (_, outcome, message) => {
  const ssh = new FakeMachine({ name: 'core-1' });
  ssh.programs.set('inspect-agent', () => outcome);
  const { id, ...machine } = fakeMachine('core-1');
  const settings = { machine, endpoints: ['10.0.0.1:2379'], engines: ['core-1'] };
  const installing = installAgents([{ name: 'core-1', id, settings, connect: async () => ssh.connect() }], {
    bundle: { bytes: Buffer.from('agent'), sha256: 'ab'.repeat(32) },
    authority: await createAuthority({ name: 'test' }),
    log: () => undefined,
  });
  await expect(installing).rejects.toThrow(message);
});
