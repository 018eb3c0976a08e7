import * as pulumi from '@pulumi/pulumi';
import { keptGenerations } from './src/config/kept-generations.ts';
import { parseConfig } from './src/config/parse.ts';
import { planCluster } from './src/plan/plan.ts';
import { choosePlatform } from './src/platform/choose.ts';
import { wholeStack } from './src/platform/scope.ts';
import { createCluster } from './src/resources/cluster.ts';
import { createImages } from './src/resources/image.ts';
import { clusterOutputs } from './src/resources/outputs.ts';
import { runError } from './src/resources/run-error.ts';
import { createUnits } from './src/resources/units.ts';

async function main() {
  const spec = parseConfig(pulumi.runtime.allConfig());
  const plan = planCluster(pulumi.getStack(), spec, keptGenerations(spec, process.env));
  const platform = await choosePlatform(spec.platform);
  const cluster = await createCluster(plan, platform, wholeStack);
  const images = createImages(plan, cluster);
  const units = createUnits(plan, cluster, images);
  return clusterOutputs(cluster, units);
}

export default () =>
  main().catch((error) => {
    throw runError(error, process.env);
  });
