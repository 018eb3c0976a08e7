import type { Problem } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/** A port of the operator's computer can lead to one group only. */
export function publishProblems({ machines }: ClusterSpec): Problem[] {
  const owner = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [group, { publish }] of Object.entries(machines)) {
    for (const host of Object.keys(publish)) {
      const path = `flotilla:machines.${group}.publish.${host}`;
      if (Number(host) > 65535)
        problems.push({ path, problem: `${host} is no port`, fix: 'use a port from 1 to 65535' });
      const other = owner.get(host);
      if (other)
        problems.push({
          path,
          problem: `port ${host} is published by the group ${other} already`,
          fix: `choose another port for one of them`,
        });
      owner.set(host, group);
    }
  }
  return problems;
}
