import * as pulumi from '@pulumi/pulumi';
import type { Publication } from '../../model/publication.ts';

/** The virtual switch between the machines, which also leads published ports to them. */
export class Network extends pulumi.CustomResource {
  constructor(name: string, args: { publish: readonly Publication[] }, opts?: pulumi.CustomResourceOptions) {
    super('flotilla:local:Network', name, { publish: [...args.publish] }, opts);
  }
}
