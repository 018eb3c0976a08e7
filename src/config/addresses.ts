import { createHash } from 'node:crypto';
import type { Problem } from '../model/problem.ts';
import type { ClusterSpec, GroupSpec } from './schema.ts';

/** Machine addresses start at .11 of their group's /24; .1–.10 stay free for gateways and load balancers. */
const firstHost = 11;

/**
 * Replacements come up beside the machines whose place they take, so two generations of a group share its /24, and have
 * room for so many machines each: .11 to .130 for odd ones, .131 to .250 for even ones.
 */
export const machinesPerGeneration = 120;

/** The last byte of an address: of the machine with this index, counted from 0, in this generation. */
export function hostOf(index: number, generation: number): number {
  return firstHost + index + (generation % 2 === 0 ? machinesPerGeneration : 0);
}

export interface Ipv4Range {
  /** The network address as an unsigned 32-bit number. */
  readonly base: number;
  readonly prefixLength: number;
}

/** Undefined unless it is a private range (RFC 1918) given by its network address. */
export function parseRange(cidr: string): Ipv4Range | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const octets = address.split('.').map(Number);
  if (octets.some((octet) => !(octet <= 255))) return undefined;
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const prefixLength = Number(length);
  const size = 2 ** (32 - prefixLength);
  const isPrivate =
    within(base, prefixLength, 0x0a000000, 8) ||
    within(base, prefixLength, 0xac100000, 12) ||
    within(base, prefixLength, 0xc0a80000, 16);
  return isPrivate && base % size === 0 ? { base, prefixLength } : undefined;
}

function within(base: number, length: number, outer: number, outerLength: number): boolean {
  return (
    length >= outerLength && Math.floor(base / 2 ** (32 - outerLength)) === outer / 2 ** (32 - outerLength)
  );
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** How many /24 the range holds; 0 when it is smaller than one. */
function subnetCount({ prefixLength }: Ipv4Range): number {
  return prefixLength > 24 ? 0 : 2 ** (24 - prefixLength);
}

/**
 * The group's /24. It follows from the group's name alone, so that adding, removing or renaming a group never
 * changes another group's addresses. Two names can meet in one /24: that is refused, and `subnet:` resolves it.
 */
export function subnetOf(name: string, group: Pick<GroupSpec, 'subnet'>, range: Ipv4Range): number {
  const digest = createHash('sha256').update(name).digest().readUInt32BE(0);
  return group.subnet ?? digest % Math.max(1, subnetCount(range));
}

/** Where machines have the addresses of their plan. A cloud gives its machines any of the network. */
const addressedByPlan: ReadonlySet<ClusterSpec['platform']> = new Set(['local']);

export function addressProblems({ platform, network, machines }: ClusterSpec): Problem[] {
  const range = parseRange(network);
  if (!range)
    return [
      {
        path: 'flotilla:network',
        problem: `${network} is not a private IPv4 range with its host bits zero`,
        fix: 'use one like 10.77.0.0/16 or 192.168.64.0/20',
      },
    ];
  // Hosts have theirs already, and a check of their own.
  if (platform === 'hosts') return [];
  if (!addressedByPlan.has(platform)) return subnetsForNobody(platform, machines);
  const count = subnetCount(range);
  if (count < Object.keys(machines).length)
    return [
      {
        path: 'flotilla:network',
        problem: `${network} holds ${count} /24 subnets for ${Object.keys(machines).length} groups of machines`,
        fix: 'widen it, for example to 10.77.0.0/16: every group takes one /24',
      },
    ];
  return Object.entries(machines).flatMap(([name, group], index, all) => [
    ...subnetProblems(name, group, count),
    ...countProblems(name, group),
    ...all
      .slice(0, index)
      .filter(([other, otherGroup]) => subnetOf(other, otherGroup, range) === subnetOf(name, group, range))
      .map(([other]) => ({
        path: `flotilla:machines.${name}.subnet`,
        problem: `the groups ${other} and ${name} fall into the same /24 of ${network}`,
        fix: `give ${name} a subnet: of its own, a number from 0 to ${count - 1}`,
      })),
  ]);
}

function subnetsForNobody(platform: string, machines: ClusterSpec['machines']): Problem[] {
  const written = Object.entries(machines).filter(([, { subnet }]) => subnet !== undefined);
  return written.map(([name, { subnet }]) => ({
    path: `flotilla:machines.${name}.subnet`,
    problem: `${subnet} would choose the group's addresses, which ${platform} gives out itself`,
    fix: 'take it out',
  }));
}

function countProblems(name: string, { count }: GroupSpec): Problem[] {
  if (count <= machinesPerGeneration) return [];
  return [
    {
      path: `flotilla:machines.${name}.count`,
      problem: `a group's /24 has room for ${machinesPerGeneration} machines and as many that replace them, not for ${count}`,
      fix: 'make a second group of the rest',
    },
  ];
}

function subnetProblems(name: string, { subnet }: GroupSpec, subnets: number): Problem[] {
  if (subnet === undefined || subnet < subnets) return [];
  return [
    {
      path: `flotilla:machines.${name}.subnet`,
      problem: `${subnet} is outside the network, which has the /24 subnets 0 to ${subnets - 1}`,
      fix: 'choose one of those, or widen flotilla:network',
    },
  ];
}
