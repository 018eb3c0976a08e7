import { describe, expect, test } from '@jest/globals';
import { sshFromWarnings } from './ssh-from.ts';

const path = 'flotilla:digitalocean.sshFrom';
const ofBastion = (ranges: string[], address: string) =>
  sshFromWarnings(path, ranges, { address }).filter((line) => line.includes('bastion'));

test.each([
  ['203.0.113.9', ['203.0.113.9']],
  ['203.0.113.9', ['198.51.100.7', '203.0.113.0/28']],
  ['2001:db8::9', ['198.51.100.7/32', '2001:db8::/32']],
  ['203.0.113.9', ['0.0.0.0/0']],
  ['bastion.example.org', ['198.51.100.7/32']],
])('%s gets through %p, or nobody knows', (address, ranges) => {
  expect(ofBastion(ranges, address)).toEqual([]);
});

test.each([
  ['203.0.113.9', ['198.51.100.7/32', '203.0.113.0/29']],
  ['2001:db8::9', ['0.0.0.0/0']],
])('%s is shut out by %p, which is said before there are machines', (address, ranges) => {
  expect(ofBastion(ranges, address)).toEqual([
    expect.stringMatching(`^${path}: none of it holds ${address}, the bastion's address`),
  ]);
});

test('without a bastion there is nothing to say', () => {
  expect(sshFromWarnings(path, ['198.51.100.7'], undefined)).toEqual([]);
});

describe('a word about SSH from everywhere', () => {
  const saidOf = (...sshFrom: string[]) => sshFromWarnings('flotilla:cirrus.sshFrom', sshFrom);

  test.each(['0.0.0.0/0', '::/0', '128.0.0.0/1'])('%s', (source) => {
    expect(saidOf('203.0.113.7', source)).toEqual([
      expect.stringContaining(`flotilla:cirrus.sshFrom: ${source} lets the world try SSH`),
    ]);
  });

  test('none about what has been thought of', () => {
    expect(saidOf('203.0.113.7', '198.51.100.0/24', '10.0.0.0/8', '2001:db8::/32')).toEqual([]);
  });
});
