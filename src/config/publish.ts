import { compare } from '../model/compare.ts';
import type { FollowedService } from '../model/followed.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec, GroupSpec } from './schema.ts';

/** The right side of `publish`. */
export type PublicationSpec = GroupSpec['publish'][string];

/** The port on the machines. */
export function portOf(publication: PublicationSpec): number {
  return typeof publication === 'number' ? publication : publication.port;
}

/** The services that ports of the group follow, each once, by name and port. */
export function followedOf({ publish }: Pick<GroupSpec, 'publish'>): FollowedService[] {
  const found = Object.values(publish).flatMap((each) => (typeof each === 'number' ? [] : each));
  const distinct = new Map(found.map((each) => [`${each.service}/${each.port}`, each]));
  return [...distinct].sort(([a], [b]) => compare(a, b)).map(([, each]) => each);
}

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
