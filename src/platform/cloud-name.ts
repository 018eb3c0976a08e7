/**
 * What a cluster's resource is called in an account. Pulumi adds some random letters: clusters of one name, of two people
 * for instance, must not share what is found by its name. All kinds of things have letters, digits and dashes in common.
 */
export function cloudName(stack: string, part?: string): string {
  return ['flotilla', stack, ...(part ? [part] : [])].join('-').replace(/[^A-Za-z0-9-]/g, '-');
}
