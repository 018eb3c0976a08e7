import * as z from 'zod';
import { waitFor } from '../../plugin/wait.ts';
import { unlessGone } from './gone.ts';
import { camel, snake } from './names.ts';
import { autoName, type ResourceType, type Session } from './resource-type.ts';

const port = z.number().min(1).max(65_535);
const Rule = z.strictObject({
  entryPort: port,
  entryProtocol: z.enum(['http', 'https', 'http2', 'http3', 'tcp', 'udp']),
  targetPort: port,
  targetProtocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']),
  tlsPassthrough: z.boolean().optional(),
});
const Healthcheck = z.strictObject({
  protocol: z.enum(['http', 'https', 'tcp']),
  port,
  path: z.string().min(1).optional(),
  checkIntervalSeconds: z.number().min(3).max(300).optional(),
  responseTimeoutSeconds: z.number().min(3).max(300).optional(),
  unhealthyThreshold: z.number().min(2).max(10).optional(),
  healthyThreshold: z.number().min(2).max(10).optional(),
});
const inputs = z.strictObject({
  name: z.string().min(1),
  region: z.string().optional(),
  size: z.enum(['lb-small', 'lb-medium', 'lb-large']).optional(),
  sizeUnit: z.number().min(1).max(200).optional(),
  forwardingRules: z.array(Rule).optional(),
  healthcheck: Healthcheck.optional(),
  dropletIds: z.array(z.number()).optional(),
  dropletTag: z.string().optional(),
  vpcUuid: z.string().min(1).optional(),
  projectId: z.string().optional(),
  redirectHttpToHttps: z.boolean().optional(),
  enableProxyProtocol: z.boolean().optional(),
  enableBackendKeepalive: z.boolean().optional(),
  httpIdleTimeoutSeconds: z.number().optional(),
  network: z.enum(['EXTERNAL', 'INTERNAL']).optional(),
  type: z.enum(['REGIONAL', 'REGIONAL_NETWORK']).optional(),
});

const Reply = z.object({
  load_balancer: z.object({
    id: z.string(),
    name: z.string(),
    ip: z.string().default(''),
    status: z.string(),
    region: z.object({ slug: z.string() }),
    size_unit: z.number(),
    type: z.string(),
    algorithm: z.string(),
    forwarding_rules: z.array(z.record(z.string(), z.unknown())),
    health_check: z.record(z.string(), z.unknown()),
    droplet_ids: z.array(z.number()),
    tag: z.string().default(''),
    vpc_uuid: z.string(),
    project_id: z.string().default(''),
    redirect_http_to_https: z.boolean(),
    enable_proxy_protocol: z.boolean(),
    enable_backend_keepalive: z.boolean(),
    http_idle_timeout_seconds: z.number(),
  }),
});
type Found = z.output<typeof Reply>['load_balancer'];

export const loadBalancer: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: [
    'dropletIds',
    'healthcheck',
    'httpIdleTimeoutSeconds',
    'ip',
    'loadBalancerUrn',
    'projectId',
    'sizeUnit',
    'status',
    'type',
    'vpcUuid',
  ],
  changes: { region: 'replace', vpcUuid: 'replace', type: 'replace', network: 'replace' },
  defaults: { redirectHttpToHttps: false, enableProxyProtocol: false, enableBackendKeepalive: false },
  innerDefaults: {
    forwardingRules: { tlsPassthrough: false },
    healthcheck: {
      checkIntervalSeconds: 10,
      responseTimeoutSeconds: 5,
      unhealthyThreshold: 3,
      healthyThreshold: 5,
    },
  },
  sets: ['forwardingRules', 'dropletIds'],
  autoName,
  async create(session, wanted, made) {
    const reply = await session.client.call('POST', '/v2/load_balancers', request(wanted));
    const { id } = Reply.parse(reply).load_balancer;
    made(id);
    const look = async () => (await get(session, id)).status;
    const wait = { pending: ['new'], target: 'active', look, timeout: 600, poll: 15 };
    await waitFor(wait, session.settings);
  },
  async read(session, id) {
    const found = await unlessGone(get(session, id));
    return found && outputs(id, found);
  },
  async update({ client }, id, wanted) {
    await client.call('PUT', `/v2/load_balancers/${id}`, request(wanted));
  },
  async remove({ client }, id) {
    await unlessGone(client.call('DELETE', `/v2/load_balancers/${id}`));
  },
};

async function get({ client }: Session, id: string): Promise<Found> {
  return Reply.parse(await client.call('GET', `/v2/load_balancers/${id}`)).load_balancer;
}

function outputs(id: string, { tag, droplet_ids, forwarding_rules, health_check, region, ...found }: Found) {
  const same = [
    'name',
    'ip',
    'status',
    'size_unit',
    'type',
    'vpc_uuid',
    'project_id',
    'redirect_http_to_https',
    'enable_proxy_protocol',
    'enable_backend_keepalive',
    'http_idle_timeout_seconds',
  ] as const;
  const plain = camel(Object.fromEntries(same.map((name) => [name, found[name]])));
  return {
    ...z.record(z.string(), z.unknown()).parse(plain),
    loadBalancerUrn: `do:loadbalancer:${id}`,
    region: region.slug,
    dropletIds: droplet_ids,
    dropletTag: tag,
    forwardingRules: forwarding_rules.map(({ certificate_id: _, ...rule }) => camel(rule)),
    healthcheck: camel(health_check),
  };
}

function request({ dropletTag, dropletIds, healthcheck, ...wanted }: z.output<typeof inputs>): object {
  if (dropletTag !== undefined && dropletIds !== undefined)
    throw new Error('"droplet_ids": conflicts with droplet_tag');
  if ((healthcheck?.path !== undefined) !== (healthcheck !== undefined && healthcheck.protocol !== 'tcp'))
    throw new Error('health check `path` is required for http and https, and not allowed for tcp');
  const { vpcUuid, ...rest } = wanted;
  return {
    ...z.record(z.string(), z.unknown()).parse(snake(rest)),
    ...(vpcUuid !== undefined && { vpc_uuid: vpcUuid }),
    algorithm: 'round_robin',
    ...(dropletTag !== undefined && { tag: dropletTag }),
    ...(dropletIds !== undefined && { droplet_ids: dropletIds }),
    ...(healthcheck && { health_check: snake(healthcheck) }),
  };
}
