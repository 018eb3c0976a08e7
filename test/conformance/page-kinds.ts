import * as z from 'zod';
import { decodePageToken, encodePageToken, extractPage, findPage } from '../../src/agent/api/fleet/page.ts';
import { readQuery } from '../../src/agent/api/request-body.ts';
import { messageOf } from '../../src/model/message-of.ts';
import { type Case, vectorCase } from './case.ts';

const token = z.object({ limit: z.number(), page: z.number() });

function attempt<T extends object>(run: () => T): T | { error: string } {
  try {
    return run();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

export const pageKinds: Readonly<Record<string, Case>> = {
  'page-token-encode': vectorCase(token, z.unknown(), (input, expected) => {
    return { expected, got: { token: encodePageToken(input) } };
  }),
  'page-token-decode': vectorCase(z.object({ token: z.string() }), z.unknown(), ({ token }, expected) => {
    return { expected, got: attempt(() => ({ error: null, ...decodePageToken(token) })) };
  }),
  'page-token-query': vectorCase(
    z.object({ limit: z.number(), query: z.string() }),
    z.unknown(),
    ({ limit, query }, expected) => {
      const found = attempt(() => ({ error: null, page: findPage(readQuery(query), limit)?.page ?? null }));
      return { expected, got: { page: null, ...found } };
    },
  ),
  'page-extract': vectorCase(
    token.extend({ all: z.array(z.string()) }),
    z.unknown(),
    ({ all, limit, page }, expected) => {
      const { items, next } = extractPage(all, { limit, page });
      const rule = page * limit > 0xffff || page === 0 ? 'page-overflow' : undefined;
      return { expected, got: { items, next_page: next ?? null }, rule };
    },
  ),
};
