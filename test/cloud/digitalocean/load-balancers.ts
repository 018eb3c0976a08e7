import * as z from 'zod';
import { accepted, type Call, demand, found, noContent, ok, page, type Routes, read } from './answer.ts';
import { findRegion, type Region } from './catalog.ts';
import { type Cloud, now, pause } from './cloud.ts';
import type { LoadBalancer } from './inventory.ts';
import { taggedDroplets } from './tags.ts';
import { defaultVpc } from './vpcs.ts';

const Port = z.int().min(1).max(65_535);
const Seconds = z.int().min(3).max(300);
const Threshold = z.int().min(2).max(10);
const Rule = z.object({
  entry_protocol: z.enum(['http', 'https', 'http2', 'http3', 'tcp', 'udp']),
  entry_port: Port,
  target_protocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']),
  target_port: Port,
  certificate_id: z.string().default(''),
  tls_passthrough: z.boolean().default(false),
});
const HealthCheck = z.object({
  protocol: z.enum(['http', 'https', 'tcp']).default('http'),
  port: Port.default(80),
  path: z.string().optional(),
  check_interval_seconds: Seconds.default(10),
  response_timeout_seconds: Seconds.default(5),
  unhealthy_threshold: Threshold.default(3),
  healthy_threshold: Threshold.default(5),
});
/** What is answered as it was asked, with what it is when nothing is asked. */
const settings = {
  size: z.enum(['lb-small', 'lb-medium', 'lb-large']).optional(),
  size_unit: z.int().min(1).max(200).optional(),
  type: z.string().default('REGIONAL'),
  algorithm: z.enum(['round_robin', 'least_connections']).default('round_robin'),
  forwarding_rules: z.array(Rule).min(1),
  health_check: HealthCheck.prefault({}),
  sticky_sessions: z.looseObject({ type: z.string() }).default({ type: 'none' }),
  redirect_http_to_https: z.boolean().default(false),
  enable_proxy_protocol: z.boolean().default(false),
  enable_backend_keepalive: z.boolean().default(false),
  disable_lets_encrypt_dns_records: z.boolean().default(false),
  http_idle_timeout_seconds: z.int().min(30).max(600).default(60),
  project_id: z.string().default(''),
  firewall: z
    .object({ allow: z.array(z.string()).nullish(), deny: z.array(z.string()).nullish() })
    .default({ allow: [], deny: [] }),
  network: z.string().default('EXTERNAL'),
  network_stack: z.string().default('IPV4'),
  tls_cipher_policy: z.string().default('DEFAULT'),
};
const Wanted = z.object({
  ...settings,
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/, 'invalid name'),
  region: z.string().default(''),
  droplet_ids: z.array(z.number()).nullish(),
  tag: z.string().default(''),
  vpc_uuid: z.string().optional(),
});
const sizeUnits = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };

export function loadBalancerRoutes(cloud: Cloud): Routes {
  const { loadBalancers } = cloud.inventory;
  const asked = ({ params }: Call) => found(loadBalancers.get(params.balancer ?? ''));
  return {
    'GET /v2/load_balancers': (call) =>
      page(
        call,
        'load_balancers',
        [...loadBalancers.values()].map((each) => view(cloud, each)),
      ),
    'POST /v2/load_balancers': ({ body }) => {
      const balancer = plan(cloud, read(Wanted, body));
      loadBalancers.set(balancer.id, balancer);
      cloud.trace.add({ kind: 'created', type: 'load balancer', name: balancer.name, id: balancer.id });
      const stuck = cloud.faults.ofMachine(balancer.name) === 'never active';
      if (!stuck)
        cloud.background(async () => {
          if (await pause(cloud, cloud.delays.network)) balancer.status = 'active';
        });
      return accepted({ load_balancer: view(cloud, balancer) });
    },
    'GET /v2/load_balancers/:balancer': (call) => ok({ load_balancer: view(cloud, asked(call)) }),
    'PUT /v2/load_balancers/:balancer': (call) => {
      const balancer = asked(call);
      Object.assign(balancer, checked(cloud, read(Wanted, call.body), balancer));
      return ok({ load_balancer: view(cloud, balancer) });
    },
    'DELETE /v2/load_balancers/:balancer': (call) => {
      const balancer = asked(call);
      demand(!balancer.deleting, 'Load Balancer is being deleted.');
      remove(cloud, balancer);
      return noContent;
    },
  };
}

/** It counts as a member of its VPC until it is gone. */
function remove(cloud: Cloud, balancer: LoadBalancer): void {
  balancer.deleting = true;
  const { id, name } = balancer;
  cloud.background(async () => {
    if (!(await pause(cloud, cloud.delays.destroy))) return;
    cloud.inventory.loadBalancers.delete(id);
    cloud.inventory.assigned.delete(`do:loadbalancer:${id}`);
    cloud.trace.add({ kind: 'deleted', type: 'load balancer', name, id });
  });
}

function plan(cloud: Cloud, wanted: z.output<typeof Wanted>): LoadBalancer {
  const facts = checked(cloud, wanted, undefined);
  const region = chosenRegion(wanted.region);
  const vpc = wanted.vpc_uuid ? cloud.inventory.vpcs.get(wanted.vpc_uuid) : defaultVpc(cloud, region.slug);
  demand(vpc?.region === region.slug, 'invalid VPC');
  const ip = `198.51.100.${cloud.inventory.loadBalancers.size + 1}`;
  return {
    id: cloud.uuid(),
    created_at: now(),
    region,
    vpc: vpc.id,
    ip,
    status: 'new',
    deleting: false,
    ...facts,
  };
}

function chosenRegion(slug: string): Region {
  const region = findRegion(slug);
  demand(region?.available === true, 'invalid region');
  return region;
}

function checked(
  { inventory }: Cloud,
  { name, region: _, droplet_ids, tag, vpc_uuid: __, ...wanted }: z.output<typeof Wanted>,
  old: LoadBalancer | undefined,
) {
  const others = [...inventory.loadBalancers.values()].filter((each) => each !== old);
  demand(!others.some((each) => each.name === name), 'name is not unique');
  const ids = droplet_ids ?? [];
  demand(!(tag && ids.length > 0), 'only one of droplet_ids and tag may be given');
  demand(
    ids.every((id) => inventory.droplets.has(id)),
    'droplet not found',
  );
  const { size = 'lb-small', size_unit = sizeUnits[size], ...settings } = wanted;
  return { name, droplet_ids: ids, tag, settings: { ...settings, size_unit } };
}

function view(cloud: Cloud, { settings, vpc, deleting: _, ...balancer }: LoadBalancer) {
  const { tag, droplet_ids, status, ip } = balancer;
  return {
    ...settings,
    ...balancer,
    ip: status === 'active' ? ip : '',
    droplet_ids: tag ? taggedDroplets(cloud, tag) : droplet_ids,
    vpc_uuid: vpc,
  };
}
