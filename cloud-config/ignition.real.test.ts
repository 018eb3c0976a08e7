import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** Where toolchain/setup/ignition.sh puts it. */
function program(): string {
  const version = /ignition\/v2 v(\S+)/.exec(readFileSync('toolchain/ignition/go.mod', 'utf8'))?.[1];
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'flotilla', 'ignition', `${version}`, 'validate');
}

/** Ignition's exit code and all that it says, warnings too: what it does not know it passes over with one. */
function validate(config: string): [number | null, string] {
  const { status, stdout, stderr, error } = spawnSync(program(), ['-'], { input: config, encoding: 'utf8' });
  if (error)
    throw new Error('ignition-validate is missing: run bash toolchain/setup.sh test', { cause: error });
  return [status, `${stdout}${stderr}`];
}

const goldens = readdirSync(join('test', 'golden')).filter((name) => name.endsWith('.ign'));

describe.each(goldens)('the real Ignition, given %s', (name) => {
  const golden = readFileSync(join('test', 'golden', name), 'utf8');

  test('takes it without a word', () => {
    expect(validate(golden)).toEqual([0, '']);
  });

  test.each([
    ['a key that it does not know', '"overwrite"', '"overwrites"', 'unused key overwrites'],
    [
      'a unit of no known kind',
      'flotilla-agent.path',
      'flotilla-agent.nothing',
      'invalid systemd unit extension',
    ],
    ['a relative path', '"/etc/hostname"', '"etc/hostname"', 'path not absolute'],
    ['a mode in octal digits', '"mode": 384', '"mode": 60000', 'illegal file mode'],
  ])('says so about %s', (_, from, to, words) => {
    expect(golden).toContain(from);
    expect(validate(golden.replace(from, to))[1]).toContain(words);
  });
});
