import * as pulumi from '@pulumi/pulumi';
import type { PlannedImage } from '../config/images.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import type { ClusterParts } from './cluster.ts';
import type { MachineAccess } from './machine.ts';

export interface ImageArgs extends PlannedImage {
  readonly machines: pulumi.Input<MachineAccess>[];
  readonly privateKey: pulumi.Input<string>;
}

/** An image on the Docker of every machine. Done when all have it. */
export class Image extends pulumi.CustomResource {
  /** `sha256:…`, as Docker has it. */
  declare readonly imageId: pulumi.Output<string>;
  /** `sha256:…`, of its manifest. */
  declare readonly digest: pulumi.Output<string>;

  constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
    const unknown = { version: undefined, imageId: undefined, digest: undefined };
    super('flotilla:index:Image', name, { ...args, ...unknown }, opts);
  }
}

/** Declares an image on the cluster: it comes when the agents are there, which keep it, and goes with the machines. */
export function pushImage(
  name: string,
  image: PlannedImage,
  { machines, privateKey, agents, lifetime }: ClusterParts,
  options: pulumi.CustomResourceOptions,
): Image {
  return new Image(
    name,
    { machines: machines.slice(), privateKey, ...image },
    { ...options, dependsOn: agents, deletedWith: lifetime },
  );
}

/** The images of a stack's config. */
export function createImages(
  { images }: Pick<ClusterPlan, 'images'>,
  cluster: ClusterParts,
): readonly Image[] {
  return images.map((image) => pushImage(image.name, image, cluster, {}));
}
