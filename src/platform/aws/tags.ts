import { cloudName } from '../cloud-name.ts';

/** What AWS shows as a resource's name, and by which all of a stack's are found. */
export function tagsOf(stack: string, part?: string): Record<string, string> {
  return { Name: cloudName(stack, part), flotilla: stack };
}
