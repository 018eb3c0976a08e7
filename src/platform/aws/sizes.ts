import { InstanceType } from '@pulumi/aws/types/enums/ec2/index.js';
import type { AwsSettings } from '../../config/aws.ts';
import { closest } from '../../model/closest.ts';
import type { Problem } from '../../model/problem.ts';
import type { MachinePlan } from '../../plan/plan.ts';
import { type Hardware, lacks } from '../hardware.ts';

/** What an instance type stands for; its disk is chosen apart. */
export interface Size extends Pick<Hardware, 'cpus' | 'memory'> {
  /** `t3.micro` */
  readonly type: string;
}

/**
 * Types to choose from, from cheap to dear by the public price list (aws.amazon.com/ec2/pricing/on-demand, us-east-1,
 * 2026). Of families that are in every region; t3a, a tenth cheaper than t3, is not. Type, CPUs, MiB.
 */
const rows = [
  ['t3.nano', 2, 512],
  ['t3.micro', 2, 1024],
  ['t3.small', 2, 2048],
  ['t3.medium', 2, 4096],
  ['t3.large', 2, 8192],
  ['r6i.large', 2, 16384],
  ['t3.xlarge', 4, 16384],
  ['r6i.xlarge', 4, 32768],
  ['t3.2xlarge', 8, 32768],
  ['r6i.2xlarge', 8, 65536],
  ['c6i.4xlarge', 16, 32768],
  ['m6i.4xlarge', 16, 65536],
  ['r6i.4xlarge', 16, 131072],
  ['c6i.8xlarge', 32, 65536],
  ['m6i.8xlarge', 32, 131072],
  ['r6i.8xlarge', 32, 262144],
  ['c6i.16xlarge', 64, 131072],
  ['m6i.16xlarge', 64, 262144],
  ['r6i.16xlarge', 64, 524288],
  ['c6i.24xlarge', 96, 196608],
  ['m6i.24xlarge', 96, 393216],
  ['c6i.32xlarge', 128, 262144],
  ['r6i.24xlarge', 96, 786432],
  ['m6i.32xlarge', 128, 524288],
  ['r6i.32xlarge', 128, 1048576],
] as const;

export const sizes: readonly Size[] = rows.map(([type, cpus, memory]) => ({ type, cpus, memory }));

/** Every type that the SDK of this version knows. */
const types: readonly string[] = [
  ...new Set([...sizes.map(({ type }) => type), ...Object.values(InstanceType)]),
];

/** Graviton, by the g behind the generation: c7g, m6gd, im4gn; and its first one. */
const arm = /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./;

/** The machine's instance type, or why there is none. A type that is named is taken, if it is large enough. */
export function chooseSize(plan: MachinePlan, settings: AwsSettings): Size | Problem {
  const named = settings.sizes[plan.group] ?? settings.size;
  if (named === undefined) return cheapest(plan);
  const path = `flotilla:aws.${settings.sizes[plan.group] ? `sizes.${plan.group}` : 'size'}`;
  if (!types.includes(named)) {
    const guess = closest(named, types);
    const list = 'types are listed at https://aws.amazon.com/ec2/instance-types';
    return {
      path,
      problem: `${named} is no instance type that is known`,
      fix: guess ? `did you mean ${guess}? ${list}` : list,
    };
  }
  if (arm.test(named))
    return { path, problem: `${named} has ARM processors, and machines run x86-64`, fix: adviceFor(plan) };
  const size = sizes.find(({ type }) => type === named) ?? readType(named);
  const short = lacks({ cpus: size.cpus, memory: size.memory }, plan);
  if (short.length === 0) return size;
  return {
    path,
    problem: `${named} has ${short.join(' and ')} that ${plan.group} asks for`,
    fix: `${adviceFor(plan)}, or ask for less in flotilla:machines.${plan.group}`,
  };
}

function cheapest(plan: MachinePlan): Size | Problem {
  const found = sizes.find(({ cpus, memory }) => lacks({ cpus, memory }, plan).length === 0);
  if (found) return found;
  const { cpus, memory, group } = plan;
  return {
    path: `flotilla:machines.${group}`,
    problem: `no instance type that is listed here has ${cpus} CPUs and ${memory} MiB of memory`,
    fix: `ask for less, or name one in flotilla:aws.sizes.${group}`,
  };
}

function adviceFor(plan: MachinePlan): string {
  const better = cheapest(plan);
  return 'type' in better ? `use ${better.type}` : 'use a larger one';
}

/** CPUs and MiB of t3 and t3a; t2 has one CPU below medium. */
const burstable: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 512],
  micro: [2, 1024],
  small: [2, 2048],
  medium: [2, 4096],
  large: [2, 8192],
  xlarge: [4, 16384],
  '2xlarge': [8, 32768],
};

/** MiB for each CPU in families that have kept to it since their fifth generation, but for c5n. */
const perCpu: Readonly<Record<string, number>> = { c: 2048, m: 4096, r: 8192 };
const general = /^(?!c5n\.)(?<family>[cmr])[5-9][a-z]*(-flex)?\.(?<size>medium|large|(?<times>\d*)xlarge)$/;

/** What a type's name says of it. What it doesn't say counts as enough. */
function readType(type: string): Size {
  const { generation, step = '' } = /^t(?<generation>[23])a?\.(?<step>\w+)$/.exec(type)?.groups ?? {};
  const [cpus = 0, memory = 0] = burstable[step] ?? [];
  if (generation && cpus) return { type, cpus: generation === '2' && memory < 4096 ? 1 : cpus, memory };
  const { family = '', size, times } = general.exec(type)?.groups ?? {};
  const each = perCpu[family];
  if (each === undefined) return { type, cpus: Number.POSITIVE_INFINITY, memory: Number.POSITIVE_INFINITY };
  const count = { medium: 1, large: 2 }[size ?? ''] ?? 4 * Number(times || 1);
  return { type, cpus: count, memory: count * each };
}
