import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { FakeMachine } from './fake.ts';
import { firstContact } from './first-contact.ts';
import { generateSshKey } from './key-pair.ts';

test('what a machine is told at first contact is sound shell', async () => {
  const hostKey = generateSshKey('').publicKey;
  const machine = new FakeMachine({ name: 'core-1', hostKey });
  const stdout = `hostKey=${hostKey}\nmachineId=${'a'.repeat(32)}\n`;
  machine.programs.set('flotilla-host-key-prepare', () => ({ stdout }));
  machine.programs.set('flotilla-host-key-commit', () => ({}));
  await firstContact(machine.target, {
    connect: async () => machine.connect(),
    record: async () => undefined,
  });
  const scripts = machine.commands.map(({ argv }) => argv[2] ?? '');
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    expect(() => execFileSync('sh', ['-n', '-c', script], { stdio: 'pipe' })).not.toThrow();
    expect(script.startsWith('\nset -eu\n')).toBe(true);
  }
});
