import { createHash } from 'node:crypto';
import { sharesStack } from '../model/resource-name.ts';

/**
 * What a cluster's resource is called in an account. Pulumi adds some random letters: clusters of one name, of two people
 * for instance, must not share what is found by its name. All kinds of things have letters, digits and dashes in common.
 *
 * @param cluster the plan's name, `dev` or `dev/blue`
 */
export function cloudName(cluster: string, part?: string): string {
  return `${beginning(cluster)}${ending(cluster, part)}`;
}

/** The same with `longest` characters at most: of the cluster's name there is the beginning, of the part the whole. */
export function cutCloudName(longest: number, cluster: string, part?: string): string {
  const end = ending(cluster, part);
  return `${beginning(cluster)
    .slice(0, longest - end.length)
    .replace(/-+$/, '')}${end}`;
}

const beginning = (cluster: string) => lettersOf(`flotilla-${cluster}`);

/** `dev/a.b` and `dev/a_b` have the same letters, and Pulumi takes a logical name once in a stack: digits tell them apart. */
function ending(cluster: string, part?: string): string {
  const parts = [...(part ? [part] : []), ...(sharesStack(cluster) ? [digitsOf(cluster)] : [])];
  return lettersOf(parts.map((each) => `-${each}`).join(''));
}

const lettersOf = (text: string) => text.replace(/[^A-Za-z0-9-]/g, '-');

/** Hexadecimal, 20 bits: of ten clusters of a stack, two share them once in 20,000 times. */
const digitsOf = (cluster: string) => createHash('sha256').update(cluster).digest('hex').slice(0, 5);
