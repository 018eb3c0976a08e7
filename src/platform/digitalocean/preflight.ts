import type { BuildOptions } from '../../../cloud-config/build.ts';
import type { DigitaloceanSettings } from '../../config/digitalocean.ts';
import { distinctProblems, InvalidInput, type Problem } from '../../model/problem.ts';
import type { ClusterPlan, MachinePlan } from '../../plan/plan.ts';
import type { Credentials } from '../credentials.ts';
import { addressCount, overlap, rangeOf } from '../range.ts';
import { userDataProblems } from '../user-data.ts';
import { chooseSize, type Size } from './sizes.ts';

/** A plan that fits DigitalOcean, with what follows from it. */
export interface DropletPlan {
  readonly machine: MachinePlan;
  readonly size: Size;
}

/** What is asked of the image, and what the cloud does there. */
export const bootOptions: BuildOptions = { prebuilt: false, emulated: false, metadataService: true };

/** Bytes (docs.digitalocean.com, "How to provide user data"). */
const userDataLimit = 64 * 1024;

/** Ranges in which no VPC may be (docs.digitalocean.com, "Plan your network"), and the one of Docker's own bridge. */
const taken: readonly { readonly range: string; readonly by: string; readonly region?: string }[] = [
  { range: '10.244.0.0/16', by: 'DigitalOcean' },
  { range: '10.245.0.0/16', by: 'DigitalOcean' },
  { range: '10.246.0.0/24', by: 'DigitalOcean' },
  { range: '10.229.0.0/16', by: 'DigitalOcean' },
  { range: '10.10.0.0/16', by: 'DigitalOcean', region: 'nyc1' },
  { range: '172.17.0.0/16', by: 'Docker on every machine' },
];

/** Prefix lengths of a VPC, by the API's reference: the largest and the smallest network. */
const largest = 16;
const smallest = 24;

/** Of each VPC's addresses DigitalOcean keeps the first, the last and up to three more. */
const kept = 5;

/**
 * Whether the account may hold the plan, as far as it shows without asking the cloud: credentials, sizes, the network,
 * the length of user data.
 *
 * @throws InvalidInput with everything that stands in the way
 */
export function preflight(
  plan: ClusterPlan,
  settings: DigitaloceanSettings,
  credentials: Credentials,
): DropletPlan[] {
  const chosen = plan.machines.map((machine) => ({ machine, size: chooseSize(machine, settings) }));
  const droplets = chosen.filter((each): each is DropletPlan => 'slug' in each.size);
  const problems = [
    ...credentialProblems(credentials),
    ...networkProblems(plan, settings),
    ...distinctProblems(chosen.flatMap(({ size }) => ('slug' in size ? [] : [size]))),
    ...userDataProblems(plan.machines, bootOptions, { cloud: 'DigitalOcean', limit: userDataLimit }),
  ];
  if (problems.length > 0) throw new InvalidInput('DigitalOcean cannot hold the cluster:', problems);
  return droplets;
}

/** The provider's own (terraform-provider-digitalocean, docs/index.md). */
export const tokenVariables = ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN'];

export function credentialProblems({ stack, config, environment }: Credentials): Problem[] {
  if (config['digitalocean:token'] || tokenVariables.some((name) => environment[name])) return [];
  return [
    {
      path: 'digitalocean:token',
      problem: 'there is no token for the API',
      fix:
        'make one at https://cloud.digitalocean.com/account/api/tokens, then `npx pulumi config set --secret ' +
        `digitalocean:token --stack ${stack}\` or DIGITALOCEAN_TOKEN in the environment; docs/digitalocean.md says which ` +
        'rights it needs',
    },
  ];
}

function networkProblems({ network, machines }: ClusterPlan, { region }: DigitaloceanSettings): Problem[] {
  const path = 'flotilla:network';
  const own = rangeOf(network);
  if (own.prefixLength < largest || own.prefixLength > smallest)
    return [
      {
        path,
        problem: `${network} is no size that a VPC can have`,
        fix: `use a prefix from /${largest} to /${smallest}, like 10.77.0.0/20`,
      },
    ];
  const room = addressCount(own) - kept;
  return [
    ...taken
      .filter((each) => (each.region ?? region) === region && overlap(own, rangeOf(each.range)))
      .map(({ range, by }) => ({
        path,
        problem: `${network} overlaps with ${range}, which is ${by}'s`,
        fix: 'use another private range, like 10.77.0.0/16',
      })),
    ...(machines.length > room
      ? [
          {
            path,
            problem: `${network} has room for ${room} machines, not for ${machines.length}`,
            fix: 'widen it',
          },
        ]
      : []),
  ];
}
