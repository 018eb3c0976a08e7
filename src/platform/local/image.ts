import * as pulumi from '@pulumi/pulumi';
import type { CloudImage } from '../../config/local.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';

/** The disk that machines start from, in this computer's cache. */
export class Image extends pulumi.CustomResource {
  /** Names the image's contents; the cache finds the files by it. */
  declare readonly key: pulumi.Output<string>;

  constructor(
    name: string,
    args: { os: OperatingSystem; source?: CloudImage },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super('flotilla:local:Image', name, { ...args, key: undefined }, opts);
  }
}
