import * as z from 'zod';
import type { DigitaloceanSettings } from '../config/digitalocean.ts';
import { InvalidInput } from '../model/problem.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import { type DropletPlan, preflight } from '../platform/digitalocean/preflight.ts';
import { type Check, ok, once, problem, warning } from './check.ts';
import { type AskAccount, accessOf, apiDeadline, dropletLimit, notAsked } from './digitalocean-account.ts';
import { askAll } from './digitalocean-api.ts';

/** The droplets of a plan that has some. */
export function dropletsOf(plan: ClusterPlan, settings: DigitaloceanSettings): readonly DropletPlan[] {
  // The token has a check of its own.
  const config = { 'digitalocean:token': 'not asked here' };
  return preflight(plan, settings, { stack: '', config, environment: {} });
}

const droplet = z.object({ name: z.string(), tags: z.array(z.string()).nullish() });

export function limitCheck(account: AskAccount, plan: ClusterPlan | undefined): Check {
  return {
    what: 'droplet limit',
    why: 'beyond it, an `up` fails in the middle',
    fix: 'ask for a higher one at https://cloud.digitalocean.com/account, lower a count, or remove droplets',
    deadline: apiDeadline,
    async look(probes, signal) {
      const asked = await account(probes, signal);
      const access = accessOf(asked);
      if (!access) return notAsked;
      const there = await askAll('/v2/droplets', droplet, 'droplets', access, probes, signal);
      const wanted = plan ? toMake(plan, there).length : 0;
      const count = `${there.length} there, ${wanted} to be made`;
      const limit = dropletLimit(asked);
      if (limit === undefined)
        return warning(`${count}, the limit is unknown`, 'give the token the scope account:read');
      const finding = `${count}, ${limit} allowed`;
      return there.length + wanted > limit ? problem(finding) : ok(finding);
    },
  };
}

/** Machines without a droplet. The stack's have its tag, to which Pulumi adds some letters (network.ts). */
function toMake(plan: ClusterPlan, there: readonly z.output<typeof droplet>[]) {
  const prefix = `flotilla-${plan.name}-member-`.replace(/[^A-Za-z0-9-]/g, '-');
  const ours = there.filter(({ tags }) => tags?.some((tag) => tag.startsWith(prefix)));
  return plan.machines.filter(({ name }) => !ours.some((each) => each.name === name));
}

const region = z.object({ slug: z.string(), available: z.boolean() });
const size = z.object({ slug: z.string(), available: z.boolean(), regions: z.array(z.string()) });

/** Whether the region takes droplets at all, and whether it has their sizes today. */
export function placeChecks(
  account: AskAccount,
  plan: ClusterPlan,
  settings: DigitaloceanSettings,
): readonly Check[] {
  const { region: place } = settings;
  const list = <T>(path: string, item: z.ZodType<T>, key: string) =>
    once(async (probes, signal) => {
      const access = accessOf(await account(probes, signal));
      return access && (await askAll(path, item, key, access, probes, signal));
    });
  const regions = list('/v2/regions', region, 'regions');
  const sizes = list('/v2/sizes', size, 'sizes');
  return [
    {
      what: 'region',
      why: 'droplets and their network are made there',
      fix: 'name another in flotilla:digitalocean.region: https://status.digitalocean.com tells of outages',
      deadline: apiDeadline,
      async look(probes, signal) {
        const all = await regions(probes, signal);
        if (!all) return notAsked;
        const free = all.filter(({ available }) => available).map(({ slug }) => slug);
        if (free.includes(place)) return ok(`${place} takes droplets`);
        return problem(`${place} takes no new droplets; these do: ${free.join(', ')}`);
      },
    },
    ...slugsOf(plan, settings).map((slug): Check => {
      return {
        what: `size ${slug}`,
        why: 'sizes are sold out in a region now and then',
        fix: 'name another in flotilla:digitalocean.sizes; https://slugs.do-api.dev lists them',
        deadline: apiDeadline,
        async look(probes, signal) {
          const all = await sizes(probes, signal);
          if (!all) return notAsked;
          const { available = false, regions: places = [] } = all.find((each) => each.slug === slug) ?? {};
          if (available && places.includes(place)) return ok(`to be had in ${place}`);
          return problem(
            `not to be had in ${place}, but in ${(available && places.join(', ')) || 'no region'}`,
          );
        },
      };
    }),
  ];
}

/** Of a plan that has problems none: they are told by another check. */
function slugsOf(plan: ClusterPlan, settings: DigitaloceanSettings): readonly string[] {
  try {
    return [...new Set(dropletsOf(plan, settings).map(({ size: { slug } }) => slug))];
  } catch (error) {
    if (error instanceof InvalidInput) return [];
    throw error;
  }
}
