import type * as pulumi from '@pulumi/pulumi';
import { resourceName } from '../model/resource-name.ts';

/** Where in a program a cluster's resources are declared: what they are called, and whose children they are. */
export interface Scope {
  /** The logical name of the resource that is called `name` within its cluster. */
  name(name: string): string;
  /** Part of the options of every resource. */
  readonly options: Pick<pulumi.ResourceOptions, 'parent'>;
}

/** The stack is the cluster, as in index.ts. By these names existing stacks are known: another would be another machine. */
export const wholeStack: Scope = { name: (name) => name, options: {} };

/** Below a component; a stack may have several. */
export function below(parent: pulumi.Resource, cluster: string): Scope {
  return { name: (name) => resourceName(cluster, name), options: { parent } };
}
