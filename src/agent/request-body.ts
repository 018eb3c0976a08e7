import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { messageOf } from '../model/message-of.ts';
import { ApiError } from './api-error.ts';
import type { BodyRule } from './route.ts';

/** Bytes; a request's body may not be longer. */
const maxBody = 10 * 1024 * 1024;

/** Of more problems than these nobody reads the rest. */
const maxProblems = 50;

/**
 * The request's body as JSON; undefined when it has none and needs none. What it must look like is the handler's
 * to check.
 * @throws {ApiError} 415, 413 or 400.
 */
export async function readBody(request: IncomingMessage, rule: BodyRule): Promise<unknown> {
  if (rule.optional && !hasBody(request)) return undefined;
  if (!rule.anyType) checkType(request);
  const text = await readText(request);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(400, `unable to decode body: ${messageOf(cause)}`, { cause });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** fleet's rule: one header, and the media type in lower case. */
function checkType({ headersDistinct }: IncomingMessage): void {
  const types = headersDistinct['content-type'] ?? [];
  if (types.length !== 1) throw new ApiError(415, `expected 1 Content-Type, got ${types.length}`);
  const type = types[0]?.split(';', 1)[0]?.trim();
  if (type !== 'application/json') {
    throw new ApiError(415, 'only acceptable Content-Type is application/json');
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBody) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBody) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new ApiError(400, 'unable to decode body: it is not UTF-8', { cause });
  }
}

function tooLarge(): ApiError {
  return new ApiError(413, `the body is larger than ${maxBody / 1024 / 1024} MiB; send fewer units at once`);
}

/**
 * Checks a body, or the parameters of a query, by its schema.
 * @throws {ApiError} 400 with the problems, one a line.
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues
    .slice(0, maxProblems)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const more = issues.length > maxProblems ? [`and ${issues.length - maxProblems} more`] : [];
  throw new ApiError(400, [...problems, ...more].join('\n'));
}

/** What a URL says after its question mark. Malformed pairs are passed over, as Go did for fleet. */
export function readQuery(text: string): URLSearchParams {
  const pairs = text.split('&').filter((pair) => !/;|%(?![0-9a-f]{2})/i.test(pair));
  return new URLSearchParams(pairs.join('&'));
}

/** The last value of each parameter counts. */
export function parseQuery<T>(schema: z.ZodType<T>, query: URLSearchParams): T {
  return parseInput(schema, Object.fromEntries(query));
}
