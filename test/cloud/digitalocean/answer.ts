import type * as z from 'zod';

/** Short names of errors, by status, and what is said when there is nothing more to say (API reference, "Errors"). */
const errors: Readonly<Record<number, { id: string; message: string }>> = {
  400: { id: 'bad_request', message: 'error parsing request body' },
  401: { id: 'unauthorized', message: 'Unable to authenticate you' },
  403: { id: 'forbidden', message: 'You do not have access for the attempted action.' },
  404: { id: 'not_found', message: 'The resource you were accessing could not be found.' },
  405: { id: 'method_not_allowed', message: 'The method is not allowed for this resource.' },
  409: { id: 'conflict', message: 'The request could not be completed due to a conflict.' },
  412: { id: 'precondition_failed', message: 'A precondition failed.' },
  422: { id: 'unprocessable_entity', message: 'request payload validation failed' },
  429: { id: 'too_many_requests', message: 'API rate limit exceeded.' },
  500: { id: 'server_error', message: 'Unexpected server-side error' },
  503: { id: 'service_unavailable', message: 'Server was unable to give you a response.' },
};

/** A refusal as DigitalOcean has it: `{id, message, request_id}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it has no body at all. */
  readonly bare: boolean;

  constructor(
    status: number,
    message?: string,
    headers: Readonly<Record<string, string>> = {},
    { bare = false }: { readonly bare?: boolean } = {},
  ) {
    super(message ?? errors[status]?.message ?? 'an error');
    this.status = status;
    this.id = errors[status]?.id ?? 'error';
    this.headers = headers;
    this.bare = bare;
  }
}

export interface Answer {
  readonly status: number;
  /** None with 204. */
  readonly body?: object;
}

/** A call, once its token, method and path are known to be good. */
export interface Call {
  /** By the names in the route's path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Where the API is, for links: `http://127.0.0.1:1234` */
  readonly base: string;
  readonly path: string;
}

/** Method and path, such as `GET /v2/droplets/:droplet`, → what answers it. */
export type Routes = Readonly<Record<string, (call: Call) => Answer>>;

export const ok = (body: object): Answer => ({ status: 200, body });
export const created = (body: object): Answer => ({ status: 201, body });
export const accepted = (body: object): Answer => ({ status: 202, body });
export const noContent: Answer = { status: 204 };

/** @throws ApiError 422, which names the first thing that is wrong, as DigitalOcean does */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ApiError(422, issue && `${issue.path.join('.') || 'body'}: ${issue.message}`);
}

/** @throws ApiError 404 */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new ApiError(404);
  return value;
}

/** @throws ApiError 422 with `message` where `good` is false */
export function demand(good: boolean, message: string): asserts good {
  if (!good) throw new ApiError(422, message);
}

const pageSize = { usual: 20, most: 200 };

/** One page of a collection, with links to the others (API reference, "Links & Pagination"). */
export function page(call: Call, key: string, items: readonly object[]): Answer {
  const size = Math.min(positive(call.query.get('per_page')) ?? pageSize.usual, pageSize.most);
  const at = positive(call.query.get('page')) ?? 1;
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number) => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(to));
    return `${call.base}${call.path}?${query}`;
  };
  const pages = {
    ...(at > 1 && { first: link(1), prev: link(at - 1) }),
    ...(at < last && { next: link(at + 1), last: link(last) }),
  };
  return ok({
    [key]: items.slice((at - 1) * size, at * size),
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: items.length },
  });
}

function positive(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
