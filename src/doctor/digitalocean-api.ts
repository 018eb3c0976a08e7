import * as z from 'zod';
import { parseJson } from '../model/parse-json.ts';
import type { HttpAnswer, Probes } from './probes.ts';

/** Where the API is, and what opens it. */
export interface Access {
  readonly endpoint: string;
  readonly token: string;
}

export const publicEndpoint = 'https://api.digitalocean.com';

/** The API's most (API reference, "Links & Pagination"). */
const perPage = 200;

const refusal = z.object({ message: z.string() });

const page = z.object({ meta: z.object({ total: z.number() }) });

export function urlOf(path: string, endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}${path}`;
}

/** Asks for one thing; any status is an answer. */
export function ask(
  path: string,
  { endpoint, token }: Access,
  probes: Probes,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return probes.get(
    urlOf(path, endpoint),
    { authorization: `Bearer ${token}`, accept: 'application/json' },
    signal,
  );
}

/** All of a collection, page by page. */
export async function askAll<T>(
  path: string,
  item: z.ZodType<T>,
  key: string,
  access: Access,
  probes: Probes,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let number = 1; ; number += 1) {
    const answer = await ask(`${path}?per_page=${perPage}&page=${number}`, access, probes, signal);
    if (answer.status !== 200) throw new Error(`${path}: ${refused(answer)}`);
    const body = parseJson(answer.body);
    const { [key]: found } = z.object({ [key]: z.array(item) }).parse(body);
    items.push(...(found ?? []));
    if ((found?.length ?? 0) === 0 || items.length >= page.parse(body).meta.total) return items;
  }
}

/** `401 Unable to authenticate you` */
export function refused({ status, body }: HttpAnswer): string {
  const said = refusal.safeParse(parseJson(body)).data?.message ?? '';
  return `the API answered ${status} ${said}`.trim();
}
