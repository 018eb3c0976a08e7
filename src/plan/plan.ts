import { formatAddress, hostOf, type Ipv4Range, parseRange, subnetOf } from '../config/addresses.ts';
import type { AwsSettings } from '../config/aws.ts';
import type { DigitaloceanSettings } from '../config/digitalocean.ts';
import { noticeOf } from '../config/health-check.ts';
import { clusterAddress, type HostSpec } from '../config/hosts.ts';
import { imageSettings, type PlannedImage } from '../config/images.ts';
import type { KeptGenerations } from '../config/kept-generations.ts';
import { type LocalSettings, localSettings } from '../config/local.ts';
import { followedOf, portOf } from '../config/publish.ts';
import type { ClusterSpec, GroupSpec } from '../config/schema.ts';
import { compare } from '../model/compare.ts';
import type { Followed } from '../model/followed.ts';
import type { Metadata } from '../model/machine.ts';
import type { OperatingSystem } from '../model/operating-system.ts';
import type { PlatformName } from '../model/platform-name.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';
import type { Publication } from '../model/publication.ts';

/** One machine, with everything that is decided before it exists. It depends on its own group alone. */
export interface MachinePlan {
  /** `<group>-<index>`, counted from 1: also its host name and its etcd member name. */
  readonly name: string;
  readonly group: string;
  readonly os: OperatingSystem;
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB */
  readonly disk: number;
  /** As the local platform gives it; a cloud gives another. */
  readonly address: string;
  /** Length of the cluster network's prefix: every machine reaches every other directly. */
  readonly prefixLength: number;
  readonly etcd: boolean;
  /** GiB of a disk of etcd's own; without one its data is on the machine's disk. */
  readonly etcdDisk?: number;
  readonly metadata: Metadata;
  /** Ports of this machine that others outside the cluster are led to. */
  readonly publishedPorts: readonly number[];
  /** What a load balancer asks the machine for; none where no balancer asks. */
  readonly followed?: Followed;
  readonly generation: number;
  /** The machine that is there already, on the platform hosts. */
  readonly host?: HostSpec;
  /** The bastion that leads to the machine; none to the bastion itself, should it be one of the machines. */
  readonly proxyJump?: ProxyJump;
}

/** A published port of a group. */
export interface GroupPublication extends Publication {
  readonly group: string;
  /** A load balancer leads to those machines alone that have this service ready at port `guest`. */
  readonly service?: string;
}

export interface ClusterPlan {
  /** The stack's name. */
  readonly name: string;
  readonly platform: PlatformName;
  readonly os: OperatingSystem;
  /** Each for the platform of that name alone. */
  readonly local: LocalSettings;
  readonly aws: AwsSettings | undefined;
  readonly digitalocean: DigitaloceanSettings | undefined;
  /** Private IPv4 range of the cluster, `10.77.0.0/16` */
  readonly network: string;
  /** On the platform hosts, the file of the private key for the first login. */
  readonly identityFile?: string;
  readonly proxyJump?: ProxyJump;
  /** Prefixes in etcd below which units may choose keys for their services, `/app/` */
  readonly serviceKeys: readonly string[];
  /** Prefixes in etcd below which templates may read, `/config/` */
  readonly templateKeys: readonly string[];
  readonly machines: readonly MachinePlan[];
  readonly publish: readonly GroupPublication[];
  /** Images for all machines. */
  readonly images: readonly PlannedImage[];
  /** Folders of unit files. */
  readonly units: readonly string[];
}

/**
 * Pure: the same spec gives the same plan, and a machine's plan does not depend on any other machine.
 *
 * @param kept machines that stay in a generation of their own in this run; none by default
 */
export function planCluster(name: string, spec: ClusterSpec, kept: KeptGenerations = {}): ClusterPlan {
  const range = parseRange(spec.network);
  if (!range) throw new TypeError(`${spec.network} was accepted as a network and is none`);
  const groups = Object.entries(spec.machines).sort(([a], [b]) => compare(a, b));
  const machines = groups.flatMap(([group, groupSpec]) =>
    onHosts(
      planGroup(group, groupSpec, { os: spec.os, range, kept, notice: planNotice(spec) }),
      spec.hosts?.machines[group],
    ),
  );
  const proxyJump = planProxyJump(spec, machines);
  return {
    name,
    platform: spec.platform,
    os: spec.os,
    local: localSettings(spec),
    aws: spec.aws,
    digitalocean: spec.digitalocean,
    network: spec.network,
    ...(spec.hosts?.identityFile === undefined ? {} : { identityFile: spec.hosts.identityFile }),
    ...(proxyJump && { proxyJump }),
    serviceKeys: spec.serviceKeys,
    templateKeys: spec.templateKeys,
    machines: machines.map((plan) =>
      proxyJump && !isBastion(plan, proxyJump) ? { ...plan, proxyJump } : plan,
    ),
    publish: groups.flatMap(([group, groupSpec]) => planPublish(group, groupSpec)),
    images: imageSettings(spec.images),
    units: spec.units,
  };
}

/** What is the same for all groups. */
interface Surroundings {
  readonly os: OperatingSystem;
  readonly range: Ipv4Range;
  readonly kept: KeptGenerations;
  /** See `Followed.notice`; undefined where there is no load balancer. */
  readonly notice: number | undefined;
}

function planNotice({ platform, aws, digitalocean }: ClusterSpec): number | undefined {
  const cloud = { aws, digitalocean, local: undefined, hosts: undefined }[platform];
  return cloud?.loadBalancer ? noticeOf(cloud.healthCheck) : undefined;
}

function planGroup(group: string, spec: GroupSpec, { os, range, kept, notice }: Surroundings): MachinePlan[] {
  const subnet = range.base + subnetOf(group, spec, range) * 256;
  const services = followedOf(spec);
  const generationOf = (index: number) => kept[machineName(group, index)] ?? spec.generation;
  return Array.from({ length: spec.count }, (_, index) => ({
    name: machineName(group, index),
    group,
    os,
    cpus: spec.cpus,
    memory: spec.memory,
    disk: spec.disk,
    address: formatAddress(subnet + hostOf(index, generationOf(index))),
    prefixLength: range.prefixLength,
    etcd: spec.etcd,
    ...(spec.etcdDisk !== undefined && { etcdDisk: spec.etcdDisk }),
    metadata: spec.metadata,
    publishedPorts: [...new Set(Object.values(spec.publish).map(portOf))].sort((a, b) => a - b),
    ...(notice !== undefined && services.length > 0 && { followed: { services, notice } }),
    generation: generationOf(index),
  }));
}

/** A host has its address already; all else of its plan is what it is everywhere. */
function onHosts(plans: MachinePlan[], hosts: readonly HostSpec[] | undefined): MachinePlan[] {
  return plans.map((plan, index) => {
    const host = hosts?.[index];
    return host ? { ...plan, address: clusterAddress(host), host } : plan;
  });
}

function planProxyJump({ proxyJump }: ClusterSpec, machines: readonly MachinePlan[]): ProxyJump | undefined {
  if (!proxyJump) return undefined;
  return { ...proxyJump, inCluster: machines.some((plan) => isBastion(plan, proxyJump)) };
}

function isBastion({ host }: MachinePlan, { address, port }: Pick<ProxyJump, 'address' | 'port'>): boolean {
  return host?.address === address && host.port === port;
}

function planPublish(group: string, { publish, count }: GroupSpec): GroupPublication[] {
  const machines = Array.from({ length: count }, (_, index) => machineName(group, index));
  return Object.entries(publish).map(([host, each]) => ({
    group,
    host: Number(host),
    guest: portOf(each),
    machines,
    ...(typeof each !== 'number' && { service: each.service }),
  }));
}

function machineName(group: string, index: number): string {
  return `${group}-${index + 1}`;
}

/** A machine's place in its group, counted from 0. */
export function indexInGroup({ name, group }: Pick<MachinePlan, 'name' | 'group'>): number {
  return Number(name.slice(group.length + 1)) - 1;
}
