import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { messageOf } from '../../model/message-of.ts';
import { ApiError } from './api-error.ts';
import type { BodyShare } from './body-budget.ts';
import type { BodyRule } from './route.ts';

const mebibyte = 1024 * 1024;

/** Bytes; a request's body may not be longer, unless its route says so. */
const maxBody = 2 * mebibyte;

/**
 * How often these may stand in a body, inside of strings as well. A value of JSON takes a hundred times the memory of
 * its text, and seconds to check where the processor is emulated, in which no lease is renewed. The units of a large
 * stack have a tenth of it.
 */
const most = [
  ['{', 50_000],
  ['[', 50_000],
  [',', 200_000],
] as const;

/** Of more problems than these nobody reads the rest. */
const maxProblems = 50;

/**
 * The request's body as JSON; undefined when it has none and needs none. What it must look like is the handler's
 * to check.
 * @throws {ApiError} 415, 413 or 400.
 */
export async function readBody(request: IncomingMessage, rule: BodyRule, share: BodyShare): Promise<unknown> {
  if (rule.optional && !hasBody(request)) return undefined;
  if (!rule.anyType) checkType(request);
  const bytes = await readBytes(request, rule.longest ?? maxBody, share);
  refuseCrowds(bytes);
  try {
    return JSON.parse(decode(bytes));
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
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

async function readBytes(request: IncomingMessage, longest: number, share: BodyShare): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > longest) throw tooLarge(longest);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > longest) throw tooLarge(longest);
    share.take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Counted before anything is made of them. */
function refuseCrowds(bytes: Buffer): void {
  for (const [mark, limit] of most) {
    let count = 0;
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      count += 1;
      if (count > limit)
        throw new ApiError(413, `the body has more than ${limit} of "${mark}"; send less at once`);
    }
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError(400, 'unable to decode body: it is not UTF-8', { cause });
  }
}

function tooLarge(longest: number): ApiError {
  return new ApiError(413, `the body is larger than ${longest / mebibyte} MiB; send less at once`);
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
