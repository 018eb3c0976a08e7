import { AnswerLost } from './errors.ts';

/** How often a change is decided anew after its answer was lost. More often means that the cluster is not well. */
const attempts = 3;

/**
 * Does `change` again when it is unknown whether it was made. It must look first what there is to do, which after the
 * first attempt (1, 2, …) can be nothing.
 */
export async function persist<T>(
  log: (line: string) => void,
  change: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change(attempt);
    } catch (error) {
      if (!(error instanceof AnswerLost) || attempt === attempts) throw error;
      log(`${error.what}; looking what came of it`);
    }
  }
}
