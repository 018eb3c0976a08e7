import { systemTraits } from '../model/operating-system.ts';
import type { ClusterPlan } from './plan.ts';

/** What who runs this should know beforehand, though nothing keeps it from being run. Pure. */
export function planWarnings({ os, machines }: Pick<ClusterPlan, 'os' | 'machines'>): string[] {
  const { label, caveat, memory: wanted = 0 } = systemTraits[os];
  const small = new Map(
    machines.filter(({ memory }) => memory < wanted).map(({ group, memory }) => [group, memory]),
  );
  return [
    ...(caveat === undefined ? [] : [caveat]),
    ...[...small].map(
      ([group, memory]) =>
        `flotilla:machines.${group}.memory: ${memory} MiB is little for ${label}; make it ${wanted} or more`,
    ),
  ];
}
