import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { inputEnd, requestOf, requestScript } from './whole-input.ts';

function run(request: string, length?: number) {
  const { argv, stdin = '' } = requestScript('say', `printf %s "$request"`, [], request);
  const [program = '', ...args] = argv;
  return spawnSync(program, args, { input: Buffer.from(stdin).subarray(0, length), encoding: 'utf8' });
}

test.each([
  ['nothing', ''],
  ['a line', 'key value\n'],
  ['what a shell would take for its own', '  two  spaces\n$HOME `id` \\n "quotes" \\\n*\n\nend\n'],
  ['letters of all alphabets', 'é Ж 漢\n'],
])('a script has what it was sent, as it is: %s', (_what, request) => {
  expect(run(request)).toMatchObject({ status: 0, stdout: request, stderr: '' });
});

test('a script that was sent less does nothing, wherever that was cut off', () => {
  const request = 'away /etc/motd\nback /etc/issue\n';
  const whole = request.length + inputEnd.length;
  for (let length = 0; length < whole; length++)
    expect([length, run(request, length)]).toEqual([
      length,
      expect.objectContaining({
        status: 1,
        stdout: '',
        stderr: 'what was sent did not arrive whole, so nothing was done\n',
      }),
    ]);
});

test('a fake has the same', () => {
  const { stdin = '' } = requestScript('say', '', [], 'a\nb\n');
  expect(requestOf(stdin.toString())).toBe('a\nb\n');
  expect(() => requestOf('a\n')).toThrow('did not arrive whole');
});
