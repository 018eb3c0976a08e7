import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/**
 * Raft needs a majority: an even count adds a machine that can fail without adding a failure that is survived,
 * and more than seven only slows every write (etcd FAQ, "What is maximum cluster size?").
 */
export function etcdProblems({ machines }: ClusterSpec): Problem[] {
  const groups = Object.entries(machines).filter(([, group]) => group.etcd);
  const replaced = groups.filter(([, group]) => group.generation > 1);
  if (replaced.length > 0)
    return replaced.map(([name, { generation }]) => replacementProblem(name, generation));
  const count = groups.reduce((sum, [, group]) => sum + group.count, 0);
  if ([1, 3, 5, 7].includes(count)) return [];
  const first = groups[0]?.[0];
  return [
    {
      path: first ? `flotilla:machines.${first}.count` : 'flotilla:machines',
      problem: first
        ? `the groups with etcd: true have ${count} machines in all`
        : 'no group has etcd: true, so there would be nothing to hold the state of the cluster',
      fix: first ? 'make it 1, 3, 5 or 7' : 'give one group etcd: true and a count of 1 or 3',
    },
  ];
}

/** A new generation replaces a group's machines at once, and with them every copy of the cluster's state. */
function replacementProblem(group: string, generation: number): Problem {
  return {
    path: `flotilla:machines.${group}.generation`,
    problem: `generation ${generation} would replace etcd members, and their data with them, which is not supported yet`,
    fix: 'leave it at 1; to begin anew, destroy the stack and bring it up again',
  };
}
