import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** Machines of which SSH answers on the operator's own computer: no other one reaches it. */
const withoutBastion: ReadonlySet<ClusterSpec['platform']> = new Set(['local']);

export function proxyJumpProblems({ platform, proxyJump }: ClusterSpec): Problem[] {
  if (proxyJump === undefined || !withoutBastion.has(platform)) return [];
  return [
    {
      path: 'flotilla:proxyJump',
      problem: `machines of the platform ${platform} answer on your own computer, where no bastion reaches them`,
      fix: 'take it out',
    },
  ];
}
