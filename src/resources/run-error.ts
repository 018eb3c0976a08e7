import * as pulumi from '@pulumi/pulumi';
import { messageWithCauses } from '../model/message-of.ts';

/**
 * What Pulumi shows in a line, without the stack trace that it shows of every other error: that is for whoever looks
 * for a mistake of ours, by FLOTILLA_DEBUG.
 *
 * @param say the line
 */
export function runError(
  error: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  say: (error: unknown) => string = messageWithCauses,
): unknown {
  if (environment.FLOTILLA_DEBUG) return error;
  const message = say(error);
  // Pulumi asks for the stack all the same, and looking for its source maps took it a quarter of a minute.
  return Object.assign(new pulumi.RunError(message), { stack: message });
}
