import * as pulumi from '@pulumi/pulumi';
import type { Scope } from './scope.ts';

export interface RegionArgs {
  /** The cloud's name of it. */
  readonly region: string;
  /** Path of the setting that chose it. */
  readonly setting: string;
}

/** Where a cluster began: another region is refused while it lives. */
class Region extends pulumi.CustomResource {
  constructor(name: string, args: RegionArgs, opts: pulumi.CustomResourceOptions) {
    super('flotilla:index:Region', name, { ...args }, opts);
  }
}

/**
 * Returns when the cluster may be in this region. In another than it began in, the engine ends the program here, before
 * anything else is declared of the cloud, its provider included.
 */
export async function stayIn(place: RegionArgs, { name, options }: Scope): Promise<void> {
  const { urn } = new Region(name('region'), place, options);
  await new Promise<void>((resolve) => urn.apply(() => resolve()));
}
