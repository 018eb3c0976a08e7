import { readCluster } from '../store/cluster-state.ts';
import type { Store } from '../store/store.ts';
import { ApiError } from './api-error.ts';
import { applyChange, parseChange } from './change.ts';
import { machinesReply, planReply, unitsReply } from './views.ts';

/** What handlers know. */
export interface ApiContext {
  readonly store: Store;
  readonly machineId: string;
  readonly version: string;
}

export interface ApiRequest {
  /** Segments of the path that the route calls `:something`, in order. */
  readonly parameters: readonly string[];
  /** The JSON body of a POST. */
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments that start with a colon match anything. */
  readonly path: string;
  handle(context: ApiContext, request: ApiRequest): Promise<object>;
}

/** Everything the socket serves; bodies are those of `model/api.ts`. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/flotilla/v1/health', handle: health },
  {
    method: 'GET',
    path: '/flotilla/v1/machines',
    handle: async ({ store }) => machinesReply(await readCluster(store)),
  },
  {
    method: 'GET',
    path: '/flotilla/v1/units',
    handle: async ({ store }) => unitsReply(await readCluster(store)),
  },
  { method: 'GET', path: '/flotilla/v1/units/:name', handle: unit },
  {
    method: 'POST',
    path: '/flotilla/v1/plan',
    handle: async ({ store }, { body }) => {
      const change = parseChange(body);
      return planReply(await readCluster(store), change);
    },
  },
  {
    method: 'POST',
    path: '/flotilla/v1/apply',
    handle: ({ store }, { body }) => applyChange(store, parseChange(body)),
  },
];

/** Healthy means: this agent runs and its etcd answers. */
async function health({ store, machineId, version }: ApiContext): Promise<object> {
  const { revision } = await store.list('/flotilla/leader');
  return { healthy: true, machineId, version, revision: String(revision) };
}

async function unit({ store }: ApiContext, { parameters: [name = ''] }: ApiRequest): Promise<object> {
  const cluster = await readCluster(store);
  const view = unitsReply(cluster).units.find((one) => one.name === name);
  if (!view) throw new ApiError(404, `there is no unit ${name}`);
  return { ...view, contents: cluster.files.get(view.hash) ?? '' };
}

/**
 * @throws {ApiError} 404 for a path nobody serves, 405 for one that is served by other methods.
 */
export function findRoute(method: string, path: string): { route: Route; parameters: string[] } {
  const found = routes.flatMap((route) => {
    const parameters = match(route.path, path);
    return parameters ? [{ route, parameters }] : [];
  });
  const exact = found.find(({ route }) => route.method === method);
  if (exact) return exact;
  if (found.length === 0) throw new ApiError(404, `nothing is served at ${path}`);
  const allowed = found.map(({ route }) => route.method).join(', ');
  throw new ApiError(405, `${path} takes ${allowed}, not ${method}`);
}

function match(pattern: string, path: string): string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const fits = wanted.every((segment, at) => segment.startsWith(':') || segment === given[at]);
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
