import { describe, expect, test } from '@jest/globals';
import { cloudName, cutCloudName } from './cloud-name.ts';

describe('of a stack that is a cluster', () => {
  test('letters, digits and dashes, without a hash', () => {
    expect(cloudName('dev')).toBe('flotilla-dev');
    expect(cloudName('my.big_stack', 'ssh-203.0.113.7/32')).toBe('flotilla-my-big-stack-ssh-203-0-113-7-32');
    expect(cloudName('dev-', 'member')).toBe('flotilla-dev--member');
    expect(cutCloudName(20, 'a-stack-wi-x', '808')).toBe('flotilla-a-stack-808');
  });
});

describe('of one of the clusters of a stack', () => {
  test.each([
    ['letters that become dashes', ['dev/a.b'], ['dev/a_b']],
    ['a part that could be the other’s name', ['dev/blue', 'web-api'], ['dev/blue-web', 'api']],
    ['names that differ where they are cut', ['production/blue', '8080'], ['production/green', '8080']],
  ] as const)('%s: no name in common', (_, [cluster, part], [other, otherPart]) => {
    expect(cloudName(cluster, part)).not.toBe(cloudName(other, otherPart));
    expect(cutCloudName(24, cluster, part)).not.toBe(cutCloudName(24, other, otherPart));
  });

  test('stays within the limit, with the part and five digits whole', () => {
    expect(cloudName('dev/blue', 'member')).toMatch(/^flotilla-dev-blue-member-[0-9a-f]{5}$/);
    expect(cutCloudName(24, 'production/blue', '65535')).toMatch(/^flotilla-pro-65535-[0-9a-f]{5}$/);
    expect(cutCloudName(24, 'production/blue')).toMatch(/^flotilla-productio-[0-9a-f]{5}$/);
  });
});
