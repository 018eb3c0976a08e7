import * as z from 'zod';

const Failure = z.object({
  name: z.string(),
  message: z.string(),
  Code: z.string().optional(),
  $metadata: z.object({
    httpStatusCode: z.number().optional(),
    requestId: z.string().optional(),
    attempts: z.number().optional(),
  }),
});

/** AWS's name of an error, such as `InvalidVpcID.NotFound`; of what is no answer of AWS, the error's own. */
export function codeOf(error: unknown): string {
  const { data } = Failure.safeParse(error);
  // The SDK's classes add a word to the names of errors that it knows.
  if (data) return data.Code ?? data.name.replace(/Exception$/, '');
  return error instanceof Error ? error.name : '';
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(error));
}

/** Undefined where AWS says that it is not there. */
export async function unlessGone<T>(reply: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (isCode(error, ...codes)) return undefined;
    throw error;
  }
}

/**
 * Tells what was tried, in the words of the stock plugin.
 *
 * @param what as in `creating EC2 Instance`
 * @throws Error
 */
export async function doing<T>(what: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (cause) {
    throw new Error(`${what}: ${told(cause)}`);
  }
}

function told(error: unknown): string {
  const { data } = Failure.safeParse(error);
  if (!data) return error instanceof Error ? error.message : String(error);
  const { httpStatusCode = 0, requestId = '', attempts = 1 } = data.$metadata;
  const often = attempts > 1 ? `exceeded maximum number of attempts, ${attempts}, ` : '';
  const answer = `https response error StatusCode: ${httpStatusCode}, RequestID: ${requestId}`;
  return `${often}${answer}, api error ${codeOf(error)}: ${data.message}`;
}
