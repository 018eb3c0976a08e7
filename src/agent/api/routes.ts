import { readCluster } from '../../store/cluster-state.ts';
import { leaderKey } from '../../store/keys.ts';
import { applyChange, parseChange, refuseChange } from './change.ts';
import { departuresRoute } from './departures.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { fleetRoutes } from './fleet/fleet-routes.ts';
import { imageRoutes } from './image-requests.ts';
import { machineRoutes } from './machine-requests.ts';
import { metrics } from './metrics.ts';
import { openApiOf } from './openapi.ts';
import { rebalanceRoute } from './rebalance-request.ts';
import { rolloutRoutes } from './rollout-requests.ts';
import { type ApiRequest, type HandlerContext, json, type Reply, type Route } from './route.ts';
import {
  applyReply,
  changeRequest,
  clusterEvent,
  eventsQuery,
  explainReply,
  healthReply,
  machinesReply as machinesSchema,
  openApiDocument,
  planReply as planSchema,
  unitFileView,
  unitsReply as unitsSchema,
} from './schemas.ts';
import { servicesRoute } from './services.ts';
import { refuseUnverified } from './verify.ts';
import { machinesReply, planReply, unitsReply, unitView } from './views.ts';

/** Bytes: the files of all of a stack's units come in one request. */
const longestChange = 10 * 1024 * 1024;

/** `/flotilla/v1`; bodies are those of `model/api.ts`. */
const flotillaRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/flotilla/v1/health',
    summary: 'Whether this agent runs and its etcd answers.',
    replies: [{ status: 200, json: healthReply }],
    handle: health,
  },
  {
    method: 'GET',
    path: '/flotilla/v1/machines',
    summary: 'All machines of the cluster and which one leads.',
    replies: [{ status: 200, json: machinesSchema }],
    handle: async ({ store }) => json(machinesReply(await readCluster(store))),
  },
  {
    method: 'GET',
    path: '/flotilla/v1/units',
    summary: 'All units with their placements, states and what keeps them pending.',
    replies: [{ status: 200, json: unitsSchema }],
    handle: async ({ store }) => json(unitsReply(await readCluster(store))),
  },
  {
    method: 'GET',
    path: '/flotilla/v1/units/:name',
    summary: 'One unit with its file.',
    replies: [{ status: 200, json: unitFileView }],
    handle: unit,
  },
  {
    method: 'POST',
    path: '/flotilla/v1/plan',
    summary: 'What the engine would do after a change. Writes nothing.',
    body: { schema: changeRequest, longest: longestChange },
    replies: [{ status: 200, json: planSchema }],
    handle: async ({ store }, { body }) => {
      const change = parseChange(body);
      const cluster = await readCluster(store);
      refuseChange(cluster, change);
      return json(planReply(cluster, change));
    },
  },
  {
    method: 'POST',
    path: '/flotilla/v1/apply',
    summary: 'Changes units, all or none of them.',
    body: { schema: changeRequest, longest: longestChange },
    replies: [{ status: 200, json: applyReply }],
    handle: apply,
  },
  {
    method: 'GET',
    path: '/flotilla/v1/explain/:unit',
    summary: 'Where a unit is and why, and what each machine would say to it.',
    replies: [{ status: 200, json: explainReply }],
    handle: explain,
  },
  {
    method: 'GET',
    path: '/flotilla/v1/events',
    summary: 'What happens in the cluster, or what happened.',
    query: eventsQuery,
    replies: [{ status: 200, lines: clusterEvent }],
    handle: events,
  },
  {
    method: 'GET',
    path: '/flotilla/v1/metrics',
    summary: 'Figures of the cluster and of this agent for Prometheus.',
    replies: [{ status: 200, text: 'Metrics in the text format of Prometheus.' }],
    handle: metrics,
  },
  {
    method: 'GET',
    path: '/flotilla/v1/openapi.json',
    summary: 'This document.',
    replies: [{ status: 200, json: openApiDocument }],
    handle: async ({ version }) => json(openApiOf(routes, version)),
  },
];

/** Everything the socket serves. */
export const routes: readonly Route[] = [
  ...flotillaRoutes,
  ...machineRoutes,
  departuresRoute,
  rebalanceRoute,
  ...rolloutRoutes,
  servicesRoute,
  ...imageRoutes,
  ...fleetRoutes,
];

async function apply(context: HandlerContext, { body }: ApiRequest): Promise<Reply> {
  const change = parseChange(body);
  const cluster = await readCluster(context.store);
  await refuseUnverified(context, cluster, change.put);
  return json(await applyChange(context.store, change, cluster));
}

/** Healthy means: this agent runs and its etcd answers. */
async function health({ store, machineId, version }: HandlerContext): Promise<Reply> {
  const { revision } = await store.list(leaderKey);
  return json({ healthy: true, machineId, version, revision: String(revision) });
}

async function unit({ store }: HandlerContext, { parameters: [name = ''] }: ApiRequest): Promise<Reply> {
  const cluster = await readCluster(store);
  const view = unitView(cluster, name);
  return json({ ...view, contents: cluster.files.get(view.hash) ?? '' });
}
