import * as pulumi from '@pulumi/pulumi';
import { parseConfig } from './src/config/parse.ts';
import { InvalidInput } from './src/model/problem.ts';
import { planCluster } from './src/plan/plan.ts';
import { choosePlatform } from './src/platform/choose.ts';
import { createCluster } from './src/resources/cluster.ts';
import { clusterOutputs } from './src/resources/outputs.ts';
import { createUnits } from './src/resources/units.ts';

async function main() {
  const spec = parseConfig(pulumi.runtime.allConfig());
  const plan = planCluster(pulumi.getStack(), spec);
  const platform = await choosePlatform(spec.platform);
  const cluster = await createCluster(plan, platform);
  const units = createUnits(plan, cluster);
  return clusterOutputs(plan, cluster, units);
}

/** What the user wrote wrong is theirs to read: Pulumi shows a RunError without a stack trace. */
export default () =>
  main().catch((error) => {
    if (!(error instanceof InvalidInput)) throw error;
    // Pulumi asks for the stack all the same, and looking for its source maps took it a quarter of a minute.
    throw Object.assign(new pulumi.RunError(error.message), { stack: error.message });
  });
