import { posix } from 'node:path';
import { nothingServed } from '../../model/api.ts';
import { ApiError } from './api-error.ts';
import type { Route } from './route.ts';

/** Paths that exist and take no method at all, as in fleet. */
const closed = ['/', '/fleet/v1'];

export interface FoundRoute {
  readonly route: Route;
  readonly parameters: readonly string[];
}

/**
 * @throws {ApiError} 404 for a path nobody serves, 405 (or what the route says) for one that is served by other
 * methods, 301 for one with empty or dotted segments, 400 for one that is not percent-encoded UTF-8.
 */
export function findRoute(routes: readonly Route[], method: string, path: string): FoundRoute {
  refuseUnclean(path);
  if (closed.includes(path)) throw new ApiError(405, `no method is supported against ${path}`);
  const found = routes.flatMap((route) => {
    const parameters = match(route.path, path);
    return parameters ? [{ route, parameters }] : [];
  });
  const exact = found.find(({ route }) => route.method === method);
  if (exact) return exact;
  if (found.length === 0)
    throw new ApiError(
      404,
      `${nothingServed} ${path}${path.startsWith('/fleet/') ? '' : '; what is, GET /flotilla/v1/openapi.json lists'}`,
    );
  throw wrongMethod(found.map(({ route }) => route));
}

/** Go's ServeMux, which fleet's users talked to, sends everybody to the clean path. */
function refuseUnclean(path: string): void {
  const clean = posix.normalize(path);
  if (path.startsWith('/') && clean !== path) {
    throw new ApiError(301, `moved to ${clean}`, { headers: { location: clean } });
  }
}

function wrongMethod(routes: readonly Route[]): ApiError {
  const methods = [...new Set(routes.map(({ method }) => method))];
  const named = new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(methods);
  const status = routes.find(({ otherMethods }) => otherMethods !== undefined)?.otherMethods ?? 405;
  const headers = { allow: methods.join(', ') };
  return new ApiError(status, `only ${named} supported against this resource`, { headers });
}

function match(pattern: string, path: string): string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const fits = wanted.every((segment, at) =>
    segment.startsWith(':') ? given[at] !== '' : segment === given[at],
  );
  if (!fits) return undefined;
  return wanted.flatMap((segment, at) => (segment.startsWith(':') ? decode(given[at] ?? '') : []));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new ApiError(400, `"${segment}" is not percent-encoded UTF-8`, { cause });
  }
}
