import { describe, expect, test } from '@jest/globals';
import { openSshWarnings } from './open-ssh.ts';

describe('a word about SSH from everywhere', () => {
  const saidOf = (...sshFrom: string[]) => openSshWarnings('flotilla:cirrus.sshFrom', sshFrom);

  test.each(['0.0.0.0/0', '::/0', '128.0.0.0/1'])('%s', (source) => {
    expect(saidOf('203.0.113.7', source)).toEqual([
      expect.stringContaining(`flotilla:cirrus.sshFrom: ${source} lets the world try SSH`),
    ]);
  });

  test('none about what has been thought of', () => {
    expect(saidOf('203.0.113.7', '198.51.100.0/24', '10.0.0.0/8', '2001:db8::/32')).toEqual([]);
  });
});
