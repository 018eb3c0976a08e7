import { expect, test } from '@jest/globals';
import { bastionShutOut } from './ssh-from.ts';

const path = 'flotilla:digitalocean.sshFrom';

test.each([
  ['203.0.113.9', ['203.0.113.9']],
  ['203.0.113.9', ['198.51.100.7', '203.0.113.0/28']],
  ['2001:db8::9', ['198.51.100.7/32', '2001:db8::/32']],
  ['203.0.113.9', ['0.0.0.0/0']],
  ['bastion.example.org', ['198.51.100.7/32']],
])('%s gets through %p, or nobody knows', (address, ranges) => {
  expect(bastionShutOut(path, ranges, { address })).toEqual([]);
});

test.each([
  ['203.0.113.9', ['198.51.100.7/32', '203.0.113.0/29']],
  ['2001:db8::9', ['0.0.0.0/0']],
])('%s is shut out by %p, which is said before there are machines', (address, ranges) => {
  expect(bastionShutOut(path, ranges, { address })).toEqual([
    expect.stringMatching(`^${path}: none of it holds ${address}, the bastion's address`),
  ]);
});

test('without a bastion there is nothing to say', () => {
  expect(bastionShutOut(path, ['198.51.100.7'], undefined)).toEqual([]);
});
