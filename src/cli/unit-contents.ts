import { ApiError } from '../push/errors.ts';
import type { Cluster } from './cluster.ts';

/** The file of a unit that a list named a moment ago; undefined when somebody has destroyed it since. */
export async function unitContents({ api }: Pick<Cluster, 'api'>, name: string): Promise<string | undefined> {
  try {
    return (await api.unit(name)).contents;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
