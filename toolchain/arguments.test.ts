import { expect, test } from '@jest/globals';
import { confirmation, parseRequest, stackIn } from './arguments.ts';

test.each([
  [[], undefined, []],
  [['--stack', 'aws'], 'aws', []],
  [['--stack=aws'], 'aws', []],
  [['-s', 'aws'], 'aws', []],
  [['-saws'], 'aws', []],
  [['--skip-preview', '--stack', 'aws', '-p', '4'], 'aws', ['--skip-preview', '-p', '4']],
  [['--target', 'urn:x', '--diff'], undefined, ['--target', 'urn:x', '--diff']],
  [['--message=a b', '-s', 'org/flotilla/aws'], 'org/flotilla/aws', ['--message=a b']],
])('%j', (args, stack, rest) => {
  expect(parseRequest(args)).toEqual({ stack, rest });
});

test.each([[['--stack']], [['--stack', '--yes']], [['--stack=']]])('%j lacks a name', (args) => {
  expect(() => parseRequest(args)).toThrow('--stack needs the name of a stack, such as: --stack local');
});

test("pulumi's own arguments may name no stack", () => {
  expect(stackIn(['up', '--yes'])).toBeUndefined();
  expect(stackIn(['up', '-s', 'aws', '--yes'])).toBe('aws');
});

test('pulumi asks only where somebody can answer', () => {
  expect(confirmation(true)).toEqual([]);
  expect(confirmation(false)).toEqual(['--yes', '--non-interactive']);
});
