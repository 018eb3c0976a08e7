import { stackFolder } from '../../model/home.ts';
import { InvalidInput } from '../../model/problem.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { gatherFacts, type HostFacts, type LocalRequest } from '../../qemu/host-facts.ts';
import { imageSource } from '../../qemu/image-sources.ts';
import { lifeOf } from '../../qemu/paths.ts';
import { preflight } from '../../qemu/preflight.ts';

/**
 * Whether this computer can hold the plan: programs, memory, disk, lengths of socket paths.
 *
 * @throws InvalidInput with everything that stands in the way.
 */
export async function checkHost(
  plan: ClusterPlan,
  gather: (request: LocalRequest) => Promise<HostFacts> = gatherFacts,
): Promise<void> {
  const request = localRequest(plan);
  const problems = preflight(request, await gather(request));
  if (problems.length > 0) throw new InvalidInput('This computer cannot hold the cluster:', problems);
}

/** What the plan asks of this computer. */
export function localRequest(plan: ClusterPlan): LocalRequest {
  return {
    stackFolder: stackFolder(plan.name),
    image: imageSource(plan.os, plan.local.image),
    machines: plan.machines.map(({ name, generation, group, memory, disk }) => ({
      name: lifeOf(name, generation),
      path: `flotilla:machines.${group}`,
      memory,
      disk,
    })),
  };
}
