import { messageOf } from '../../../model/message-of.ts';
import { ApiError } from '../api-error.ts';

/** Items on one page of fleet's lists. */
export const pageLimit = 100;

/** What `nextPageToken` says: how many items a page has, and which page comes, from 1. */
export interface PageToken {
  readonly limit: number;
  readonly page: number;
  /** The store's revision that the pages before were read at. */
  readonly revision?: bigint;
}

/**
 * Two little-endian 16-bit numbers in URL-safe base64, as fleet wrote them. A revision comes behind them, where fleet's
 * own decoder does not look.
 */
export function encodePageToken({ limit, page, revision }: PageToken): string {
  const bytes = Buffer.alloc(revision === undefined ? 4 : 12);
  bytes.writeUInt16LE(limit, 0);
  bytes.writeUInt16LE(page, 2);
  if (revision !== undefined) bytes.writeBigInt64LE(revision, 4);
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** @throws with fleet's words, which are those of Go's base64 and binary packages. */
export function decodePageToken(token: string): PageToken {
  const wrong = firstWrongByte(token);
  if (wrong !== undefined) throw new Error(`illegal base64 data at input byte ${wrong}`);
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < 4) throw new Error(bytes.length === 0 ? 'EOF' : 'unexpected EOF');
  const revision = bytes.length === 12 ? bytes.readBigInt64LE(4) : undefined;
  return {
    limit: bytes.readUInt16LE(0),
    page: bytes.readUInt16LE(2),
    ...(revision !== undefined && { revision }),
  };
}

/**
 * Where Go's decoder gives up; it wants padding, passes over line ends and, unlike Node's, takes nothing else that is
 * not of the alphabet. All that it has passed is ASCII, so characters are bytes.
 */
function firstWrongByte(token: string): number | undefined {
  const letters = /^[A-Za-z0-9_\r\n-]*/.exec(token)?.[0] ?? '';
  const open = letters.replace(/[\r\n]/g, '').length % 4;
  if (letters.length === token.length) return open === 0 ? undefined : token.length - open;
  if (token[letters.length] !== '=' || open < 2) return letters.length;
  let at = afterLineEnds(token, letters.length + 1);
  if (open === 2) {
    if (at === token.length) return at;
    if (token[at] !== '=') return at - 1;
    at = afterLineEnds(token, at + 1);
  }
  return at === token.length ? undefined : at;
}

function afterLineEnds(token: string, from: number): number {
  const rest = /[^\r\n]/.exec(token.slice(from));
  return rest === null ? token.length : from + rest.index;
}

/** The page a query asks for; undefined when it names none. */
export function findPage(query: URLSearchParams, limit: number): Asked | undefined {
  const [token, ...more] = query.getAll('nextPageToken');
  if (token === undefined) return undefined;
  if (more.length > 0) throw new Error('too many values for page token');
  const found = decodePageToken(token);
  if (found.limit !== limit) throw new Error(`token limit must be ${limit}`);
  if (found.page === 0) throw new Error('token page must be greater than zero');
  return found;
}

/** The page of a list that is asked for. */
export type Asked = Omit<PageToken, 'limit'>;

export interface Page<T> {
  readonly items: readonly T[];
  /** The page after this one. fleet names one after every full page, even if it will be empty. */
  readonly next?: number;
}

export function extractPage<T>(all: readonly T[], { limit, page }: Omit<PageToken, 'revision'>): Page<T> {
  const [start, stop] = [(page - 1) * limit, page * limit];
  const items = all.slice(start, stop);
  return start < all.length && stop <= all.length ? { items, next: page + 1 } : { items };
}

/** @throws {ApiError} 400 for a token that is none of ours. */
export function askedPage(query: URLSearchParams): Asked {
  try {
    return findPage(query, pageLimit) ?? { page: 1 };
  } catch (cause) {
    throw new ApiError(400, messageOf(cause), { cause });
  }
}
