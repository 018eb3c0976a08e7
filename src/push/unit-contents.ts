import type { AgentApi } from './api.ts';
import { ApiError } from './errors.ts';

/** The file of a unit that a list named a moment ago; undefined when somebody has destroyed it since. */
export async function unitContents(api: Pick<AgentApi, 'unit'>, name: string): Promise<string | undefined> {
  try {
    return (await api.unit(name)).contents;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
