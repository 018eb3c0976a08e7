import * as pulumi from '@pulumi/pulumi';
import { keptGenerations } from '../../../src/config/kept-generations.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { planCluster } from '../../../src/plan/plan.ts';
import { choosePlatform } from '../../../src/platform/choose.ts';
import { wholeStack } from '../../../src/platform/scope.ts';
import { SshKey } from '../../../src/platform/ssh-key.ts';
import { runError } from '../../../src/resources/run-error.ts';

/**
 * Flotilla's own program up to where machines answer: config, plan, preflight, and all that the platform makes in its
 * cloud. First contact is where machines in memory end.
 */
async function main() {
  const spec = parseConfig(pulumi.runtime.allConfig());
  const plan = planCluster(pulumi.getStack(), spec, keptGenerations(spec, process.env));
  const platform = await choosePlatform(spec.platform);
  const { publicKey, privateKey } = new SshKey('login', { comment: `flotilla-${plan.name}` });
  const { machines, published } = await platform.createMachines(plan, publicKey, privateKey, wholeStack);
  return { hosts: machines.map(({ host }) => host), published };
}

export default () =>
  main().catch((error) => {
    throw runError(error, process.env);
  });
