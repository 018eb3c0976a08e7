import { DropletSlug } from '@pulumi/digitalocean/types/enums/index.js';
import type { DigitaloceanSettings } from '../../config/digitalocean.ts';
import { closest } from '../../model/closest.ts';
import type { Problem } from '../../model/problem.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import { type Hardware, lacks } from '../hardware.ts';

export interface Size extends Hardware {
  readonly slug: string;
  /** Slugs of the only regions that have it. */
  readonly regions?: readonly string[];
}

/**
 * Sizes to choose from, from cheap to dear by the public price list (digitalocean.com/pricing/droplets, 2026): shared
 * CPUs as far as they go, then the plainest of each dedicated kind. Slug, CPUs, MiB, GiB.
 */
const rows = [
  ['s-1vcpu-512mb-10gb', 1, 512, 10],
  ['s-1vcpu-1gb', 1, 1024, 25],
  ['s-1vcpu-2gb', 1, 2048, 50],
  ['s-2vcpu-2gb', 2, 2048, 60],
  ['s-2vcpu-4gb', 2, 4096, 80],
  ['s-4vcpu-8gb', 4, 8192, 160],
  ['m-2vcpu-16gb', 2, 16384, 50],
  ['s-8vcpu-16gb', 8, 16384, 320],
  ['g-4vcpu-16gb', 4, 16384, 50],
  ['m-4vcpu-32gb', 4, 32768, 100],
  ['c-8', 8, 16384, 100],
  ['g-8vcpu-32gb', 8, 32768, 100],
  ['c-16', 16, 32768, 200],
  ['m-8vcpu-64gb', 8, 65536, 200],
  ['g-16vcpu-64gb', 16, 65536, 200],
  ['c-32', 32, 65536, 400],
  ['m-16vcpu-128gb', 16, 131072, 400],
  ['g-32vcpu-128gb', 32, 131072, 400],
  ['m-24vcpu-192gb', 24, 196608, 600],
  ['g-40vcpu-160gb', 40, 163840, 500],
  ['m-32vcpu-256gb', 32, 262144, 800],
] as const;

/** DigitalOcean's announcement of 2022-07-01. */
const limited: Readonly<Record<string, readonly string[]>> = {
  's-1vcpu-512mb-10gb': ['nyc1', 'fra1', 'sfo3', 'sgp1', 'ams3'],
};

export const sizes: readonly Size[] = rows.map(([slug, cpus, memory, disk]) => {
  const regions = limited[slug];
  return { slug, cpus, memory, disk, ...(regions ? { regions } : {}) };
});

/** Every slug that the SDK of this version knows, but for those of before 2018 (`2gb`), which are no longer sold. */
const slugs: readonly string[] = [
  ...new Set([...sizes.map(({ slug }) => slug), ...Object.values(DropletSlug)]),
].filter((slug) => slug.includes('-'));

/** The size of the machine's droplet, or why there is none. A slug that is named is taken, if it is large enough. */
export function chooseSize(plan: MachinePlan, settings: DigitaloceanSettings): Size | Problem {
  const named = settings.sizes[plan.group] ?? settings.size;
  if (named === undefined) return cheapest(plan, settings.region);
  const path = `flotilla:digitalocean.${settings.sizes[plan.group] ? `sizes.${plan.group}` : 'size'}`;
  if (!slugs.includes(named)) {
    const guess = closest(named, slugs);
    const list = 'slugs are listed at https://slugs.do-api.dev';
    return {
      path,
      problem: `${named} is no size that is known`,
      fix: guess ? `did you mean ${guess}? ${list}` : list,
    };
  }
  const size = sizes.find(({ slug }) => slug === named) ?? readSlug(named);
  const short = lacks(size, plan);
  if (short.length > 0)
    return {
      path,
      problem: `${named} has ${short.join(' and ')} that ${plan.group} asks for`,
      fix: `${adviceFor(plan, settings.region)}, or ask for less in flotilla:machines.${plan.group}`,
    };
  return isThere(size, settings.region) ? size : { path, ...notThere(size, settings.region) };
}

function cheapest(plan: MachinePlan, region: string): Size | Problem {
  const found = sizes.find((size) => lacks(size, plan).length === 0 && isThere(size, region));
  if (found) return found;
  const { cpus, memory, disk, group } = plan;
  return {
    path: `flotilla:machines.${group}`,
    problem: `no size that is listed here has ${cpus} CPUs, ${memory} MiB of memory and ${disk} GiB of disk`,
    fix: `ask for less, or name one in flotilla:digitalocean.sizes.${group}`,
  };
}

function adviceFor(plan: MachinePlan, region: string): string {
  const better = cheapest(plan, region);
  return 'slug' in better ? `use ${better.slug}` : 'use a larger one';
}

const isThere = ({ regions }: Size, region: string) => regions?.includes(region) ?? true;

function notThere({ slug, regions = [] }: Size, region: string) {
  return {
    problem: `${slug} is not to be had in ${region}`,
    fix: `use s-1vcpu-1gb, or one of the regions ${regions.join(', ')}`,
  };
}

/** `g-2vcpu-8gb-intel`, `s-1vcpu-1gb-35gb-intel`, and `c-4`, which has 2 GiB for each CPU. */
const shared = /^[a-z]+[0-9_]*-(?<cpus>\d+)vcpu-(?<memory>\d+)(?<unit>gb|mb)(-(?<disk>\d+)gb)?(-[a-z]+)?$/;
const compute = /^c-(?<cpus>\d+)(-[a-z]+)?$/;

/** What a size's slug says of it. What it doesn't say, a disk mostly, counts as enough. */
function readSlug(slug: string): Size {
  const { cpus, memory, unit, disk } = shared.exec(slug)?.groups ?? {};
  const count = cpus ?? compute.exec(slug)?.groups?.cpus;
  const unknown = Number.POSITIVE_INFINITY;
  if (count === undefined) return { slug, cpus: unknown, memory: unknown, disk: unknown };
  const memoryMiB = memory === undefined ? Number(count) * 2048 : Number(memory) * (unit === 'gb' ? 1024 : 1);
  return { slug, cpus: Number(count), memory: memoryMiB, disk: disk === undefined ? unknown : Number(disk) };
}
