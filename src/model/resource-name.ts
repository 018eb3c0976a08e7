/**
 * A stack may have several clusters, and Pulumi takes a logical name only once in it: what belongs to the cluster
 * `blue` is called `blue/core-1`. The plugin, which sees logical names only, takes them apart again, and keeps each
 * cluster's things to itself. In the program of the stack config, index.ts, the stack is the cluster.
 */
const separator = '/';

/** What a cluster's name may be: it is a folder's too. */
export const clusterName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Characters. AWS's names and values of tags end at 255 and 256: with `flotilla-`, a stack's 100, `published-`, a group's
 * 40, a port and what Pulumi and we add at the end, there is room for this.
 */
export const longestClusterName = 63;

/** The logical name of what is called `name` within the cluster. */
export function resourceName(cluster: string, name: string): string {
  return `${cluster}${separator}${name}`;
}

/** What tells a cluster from all others of the same Pulumi project: `dev/blue`. */
export function clusterInStack(stack: string, cluster: string): string {
  return `${stack}${separator}${cluster}`;
}

/** Whether a cluster of this name, `dev/blue`, is one of those that a stack may have, and not the stack itself. */
export function sharesStack(cluster: string): boolean {
  return cluster.includes(separator);
}

/** The cluster in whose name a resource is, undefined for one that is the stack's. */
export function clusterOf(logicalName: string): string | undefined {
  const at = logicalName.indexOf(separator);
  return at < 0 ? undefined : logicalName.slice(0, at);
}

/** Whose the resource of this logical name is, `dev` or `dev/blue`, and what it is called there, `core-1`. */
export function readResourceName(stack: string, logicalName: string): { stack: string; name: string } {
  const cluster = clusterOf(logicalName);
  if (cluster === undefined) return { stack, name: logicalName };
  return { stack: clusterInStack(stack, cluster), name: logicalName.slice(cluster.length + 1) };
}
