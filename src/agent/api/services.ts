import type { ServicesReply } from '../../model/api.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import { offeredServices } from '../engine/offered.ts';
import { json, type Route } from './route.ts';
import { servicesReply as servicesSchema } from './schemas.ts';

/** `/flotilla/v1/services` */
export const servicesRoute: Route = {
  method: 'GET',
  path: '/flotilla/v1/services',
  summary: 'What ready units offer, and where.',
  replies: [{ status: 200, json: servicesSchema }],
  handle: async ({ store }) => json(servicesReply(await readCluster(store))),
};

export function servicesReply(cluster: ClusterState): ServicesReply {
  return { services: offeredServices(cluster) };
}
