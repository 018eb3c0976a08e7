import type * as z from 'zod';
import { errorReplySchema } from '../model/api.ts';
import { messageOf } from '../model/message-of.ts';
import { parseJson } from '../model/parse-json.ts';
import { refreshCommand, upCommand } from '../model/up-command.ts';
import { BastionError } from '../ssh/errors.ts';
import { ApiError } from './errors.ts';
import type { AgentRequest, AgentResponse } from './http.ts';
import { nextStep } from './next-step.ts';

export const startsWhatIsMissing = `${refreshCommand()} starts what is missing`;

/** Why no agent could be chosen. */
export function noAgent(cause: unknown): string {
  if (!(cause instanceof AggregateError)) return messageOf(cause);
  if (cause.errors.length === 0) return `no machine is known whose agent could be asked; run ${upCommand()}`;
  const [bastion, ...others] = new Set(cause.errors.map(bastionMessage));
  if (bastion !== undefined && others.length === 0) return bastion;
  const each = cause.errors.map(messageOf).join('; ');
  return `no machine's agent answered (${each}); ${startsWhatIsMissing}`;
}

/** It says of no machine anything, and of all the same. */
function bastionMessage(error: unknown): string | undefined {
  return error instanceof Error && error.cause instanceof BastionError ? error.cause.message : undefined;
}

/** @throws ApiError when the reply is an error; an Error when it is not what the schema says. */
export function readReply<T>(
  machine: string,
  request: Pick<AgentRequest, 'method' | 'path'>,
  reply: AgentResponse,
  schema: z.ZodType<T>,
): T {
  if (reply.status >= 300) throw refusal(machine, request, reply);
  const parsed = schema.safeParse(parseJson(reply.body));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Error(
    `${machine}: ${request.method} ${request.path} gave an answer this version does not understand ` +
      `(${problems.slice(0, 3).join('; ')}); ${upCommand()} brings the agents to this version`,
  );
}

/** The error that a reply is. */
export function refusal(
  machine: string,
  request: Pick<AgentRequest, 'method' | 'path'>,
  reply: AgentResponse,
): ApiError {
  const error = errorReplySchema.safeParse(parseJson(reply.body));
  const why = error.success ? error.data.error.message : 'without a message';
  const next = nextStep(machine, request.path, reply.status, why);
  const message = `${machine}: ${request.method} ${request.path} answered ${reply.status}: ${why}${next}`;
  return new ApiError(message, reply.status);
}

/** The body of a reply that came line by line. */
export async function joined(lines: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const line of lines) text += `${line}\n`;
  return text;
}
