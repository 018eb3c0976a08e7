import { expect, test } from '@jest/globals';
import { parseFacts } from './facts.ts';
import { healthOf } from './health.ts';

const bare = 'ActiveState=active\nmembers={"header":{"cluster_id":1},"members":[]}\n';
const healthy = `hasEnvironment=yes\n${bare}`;

test.each([
  [healthy, 'good', 'healthy'],
  [healthy, 'unfit', 'its certificate has to be renewed'],
  [bare, 'good', 'its etcd.env is gone, without which it can not start again'],
  ['ActiveState=active\nmembers=\n', 'good', 'without a majority'],
  ['ActiveState=activating\n', 'good', 'activating'],
  ['ActiveState=inactive\n', 'missing', 'inactive'],
  ['', 'missing', 'unknown'],
] as const)('%j with a certificate that is %s is %s', (printed, certificate, words) => {
  expect(healthOf(parseFacts('core-1', printed), certificate)).toBe(words);
});
