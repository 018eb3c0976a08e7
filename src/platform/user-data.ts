import { type BuildOptions, buildMachineConfig } from '../../cloud-config/build.ts';
import { renderCloudConfig } from '../../cloud-config/cloud-config.ts';
import type { Problem } from '../model/problem.ts';
import type { MachinePlan } from '../plan/plan.ts';

/**
 * As long as those that a machine gets: an ed25519 key in OpenSSH's PEM has 387 to 411 characters and its comment, the
 * machine's name or the stack's, twice. At preview they are not made yet.
 */
const sampleKeys = {
  authorizedKey: `ssh-ed25519 ${'A'.repeat(68)} ${'x'.repeat(128)}`,
  sshHostKey: {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${`${'A'.repeat(70)}\n`.repeat(6)}-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `ssh-ed25519 ${'A'.repeat(68)} ${'x'.repeat(64)}`,
  },
};

/**
 * Whether a cloud takes what machines are told at their first boot. Known at preview, before there are keys.
 *
 * @param limit bytes
 */
export function userDataProblems(
  machines: readonly MachinePlan[],
  options: BuildOptions,
  { cloud, limit }: { readonly cloud: string; readonly limit: number },
): Problem[] {
  // The last of a group has the longest name, and nothing else sets them apart. Rendering takes milliseconds.
  const longest = [...new Map(machines.map((plan) => [plan.group, plan])).values()];
  return longest.flatMap((plan) => {
    const size = Buffer.byteLength(renderCloudConfig(buildMachineConfig(plan, sampleKeys, options)));
    if (size <= limit) return [];
    return [
      {
        path: `flotilla:machines.${plan.group}`,
        problem: `the user data of ${plan.name} has ${size} bytes, and ${cloud} takes ${limit}`,
        fix: "shorten the group's name; all else in there is Flotilla's own, so please report it",
      },
    ];
  });
}
