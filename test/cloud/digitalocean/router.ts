import { type Answer, ApiError, type Call, type Routes } from './answer.ts';

export interface Match {
  /** The route's path, with the names of its parts in place of ids. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly answer: (call: Call) => Answer;
}

/**
 * Finds what answers a call.
 *
 * @throws ApiError 404 for an unknown path, 405 for a path that does not know the method
 */
export function findRoute(routes: Routes, method: string, path: string): Match {
  const segments = path.split('/');
  const fitting = Object.entries(routes).flatMap(([key, answer]) => {
    const [verb, route = ''] = key.split(' ');
    const params = paramsOf(route.split('/'), segments);
    return params ? [{ verb, route, params, answer }] : [];
  });
  if (fitting.length === 0) throw new ApiError(404);
  const match = fitting.find(({ verb }) => verb === method);
  if (!match) throw new ApiError(405);
  return match;
}

function paramsOf(route: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (route.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of route.entries()) {
    const given = path[at] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = given;
    else if (part !== given) return undefined;
  }
  return params;
}
