import { expect, test } from '@jest/globals';
import { parseClusterArgs } from './cluster-args.ts';

const core = { count: 1, etcd: true };
const cloud = (workerPort: number) => ({
  platform: 'aws' as const,
  aws: { sshFrom: ['203.0.113.7'] },
  machines: { core, worker: { count: 1, publish: { 8080: workerPort } } },
});

test('where no etcd is and nothing follows, their ports are free for units', () => {
  for (const port of [2379, 2380, 8403]) expect(() => parseClusterArgs(cloud(port))).not.toThrow();
  expect(() => parseClusterArgs(cloud(22))).toThrow(/worker\.publish\.8080: port 22 .*SSH/);
});

test('on the operator’s own computer, ports lead to SSH and etcd for the operator alone', () => {
  const machines = { core: { ...core, publish: { 8080: 22, 8081: 2379, 8082: 2380 } } };
  expect(() => parseClusterArgs({ machines })).not.toThrow();
});
