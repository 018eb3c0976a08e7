import type { BuildOptions } from '../../../cloud-config/build.ts';
import type { AwsSettings, ZoneLetter } from '../../config/aws.ts';
import { closest } from '../../model/closest.ts';
import { distinctProblems, InvalidInput, type Problem } from '../../model/problem.ts';
import type { ClusterPlan, MachinePlan } from '../../plan/plan.ts';
import { addressCount, overlap, rangeOf } from '../range.ts';
import { packed, userDataProblems } from '../user-data.ts';
import { type AwsCredentials, credentialProblems } from './credentials.ts';
import { defaultZones, regions } from './regions.ts';
import { chooseSize, type Size } from './sizes.ts';
import { zoneBits, zoneOf } from './zones.ts';

/** A plan that fits AWS, with what follows from it. */
export interface AwsPlan {
  readonly region: string;
  readonly zones: readonly ZoneLetter[];
  readonly instances: readonly InstancePlan[];
}

export interface InstancePlan {
  readonly machine: MachinePlan;
  readonly size: Size;
  readonly zone: ZoneLetter;
}

/** What is asked of the image, and what the cloud does there. */
export const bootOptions: BuildOptions = { prebuilt: false, emulated: false, metadataService: true };

/** Bytes, before base64 (EC2's user guide, "Run commands when you launch an EC2 instance with user data input"). */
const userDataLimit = 16 * 1024;

/** Prefix lengths of a VPC that leave each zone a subnet: the largest that AWS makes, and the smallest of use. */
const largest = 16;
const smallest = 24;

/** Of each subnet's addresses AWS keeps the first four and the last; a load balancer takes one. */
const kept = 5;

/** Docker's own bridge, on every machine. AWS keeps no range for itself, and VPCs may overlap. */
const dockerRange = '172.17.0.0/16';

/**
 * Whether the account may hold the plan, as far as it shows without asking AWS: region, credentials, sizes, the network,
 * the length of user data.
 *
 * @throws InvalidInput with everything that stands in the way
 */
export function preflight(plan: ClusterPlan, settings: AwsSettings, credentials: AwsCredentials): AwsPlan {
  const region = credentials.config['aws:region'] ?? '';
  const zones = settings.zones ?? defaultZones(region);
  const chosen = plan.machines.map((machine) => ({
    machine,
    size: chooseSize(machine, settings),
    zone: zoneOf(machine, zones),
  }));
  const instances = chosen.filter((each): each is InstancePlan => 'type' in each.size);
  const problems = [
    ...regionProblems(credentials),
    ...credentialProblems(credentials),
    ...networkProblems(plan.network, { counts: countByZone(chosen), ...settings }),
    ...distinctProblems(chosen.flatMap(({ size }) => ('type' in size ? [] : [size]))),
    ...userDataProblems(plan.machines, bootOptions, { cloud: 'AWS', limit: userDataLimit, pack: packed }),
  ];
  if (problems.length > 0) throw new InvalidInput('AWS cannot hold the cluster:', problems);
  return { region, zones, instances };
}

function countByZone(machines: readonly { zone: ZoneLetter }[]): ReadonlyMap<ZoneLetter, number> {
  const counts = new Map<ZoneLetter, number>();
  for (const { zone } of machines) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return counts;
}

/** The environment's region does not count: another one would be another cluster, and this one would go. */
function regionProblems({ config, stack }: AwsCredentials): Problem[] {
  const region = config['aws:region'];
  if (region !== undefined && regions.includes(region)) return [];
  const guess = region && closest(region, regions);
  return [
    {
      path: 'aws:region',
      problem: region === undefined ? 'is missing' : `${region} is no region that is known`,
      fix: guess
        ? `did you mean ${guess}?`
        : `\`npx pulumi config set aws:region eu-central-1 --stack ${stack}\`, or another of ${regions.join(', ')}`,
    },
  ];
}

function networkProblems(
  network: string,
  { counts, loadBalancer }: { counts: ReadonlyMap<ZoneLetter, number>; loadBalancer: boolean },
): Problem[] {
  const path = 'flotilla:network';
  const own = rangeOf(network);
  if (own.prefixLength < largest || own.prefixLength > smallest)
    return [
      {
        path,
        problem: `${network} is no size that a VPC with a subnet in each zone can have`,
        fix: `use a prefix from /${largest} to /${smallest}, like 10.77.0.0/20`,
      },
    ];
  const room = addressCount({ prefixLength: own.prefixLength + zoneBits }) - kept - (loadBalancer ? 1 : 0);
  const overfull = [...counts].filter(([, count]) => count > room);
  return [
    ...(overlap(own, rangeOf(dockerRange))
      ? [
          {
            path,
            problem: `${network} overlaps with ${dockerRange}, which is Docker's on every machine`,
            fix: 'use another private range, like 10.77.0.0/16',
          },
        ]
      : []),
    ...overfull.map(([zone, count]) => ({
      path,
      problem: `${network} has room for ${room} machines in each zone, not for ${count} in ${zone}`,
      fix: 'widen it, or name more zones in flotilla:aws.zones',
    })),
  ];
}
