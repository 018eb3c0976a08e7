/** A stack's name without organization and project, as files are named by it. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf('/') + 1);
}
