import * as z from 'zod';
import type { Api } from './api.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The answer's JSON, to be looked into by path. */
  readonly body: unknown;
}

/** Calls the API by plain HTTP, for its own tests. */
export function rest({ url, token }: Pick<Api, 'url' | 'token'>) {
  return async (call: string, body?: object | string): Promise<Reply> => {
    const [method = 'GET', path = '/'] = call.split(' ');
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, connection: 'close' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

/** What stands at a path such as `droplet.networks.v4.0` of an answer. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) => z.record(z.string(), z.unknown()).parse({ ...Object(inner) })[key],
      value,
    );
}
