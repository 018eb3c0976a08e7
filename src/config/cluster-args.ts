import type * as z from 'zod';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { problemsOf } from './parse.ts';
import { type ClusterSpec, type groupSchema, stackSchema } from './schema.ts';

/**
 * The stack config's settings as somebody's program gives them: the same names, types, defaults and checks. Units and
 * images are components of their own there, and what has an earlier place in a config never had one in a program.
 */
const clusterArgsSchema = stackSchema.omit({ units: true, images: true, image: true, start: true });

type Settings = z.input<typeof clusterArgsSchema>;

/** Machines that are alike: `core-1`, `core-2`, … of the group `core`. */
export interface MachineGroupArgs extends z.input<typeof groupSchema> {
  /** How many machines of this group there are, 0 to 200. The highest numbers go first. */
  count: number;
  /** Whether its machines are etcd members, 1, 3, 5 or 7 in all groups together. Default: false. */
  etcd?: boolean | undefined;
  /** Virtual CPUs of each machine. Default: 1. */
  cpus?: number | undefined;
  /** Memory of each machine in MiB. Default: 1024. */
  memory?: number | undefined;
  /** Disk of each machine in GiB. Default: 8. */
  disk?: number | undefined;
  /** Encrypted disk of etcd's own on each machine, in GiB; on AWS, with `etcd`. Default: none, etcd is on the machine's disk. */
  etcdDisk?: number | undefined;
  /** Facts about the machines that units ask for with `MachineMetadata=`. Default: none. */
  metadata?: Record<string, string> | undefined;
  /**
   * Port on 127.0.0.1 of your computer, on a cloud of the load balancer → port on the machines; it leads to one that
   * answers. With a `service`, a load balancer leads to machines alone on which a unit has it ready. Default: none.
   */
  publish?: Record<string, number | { port: number; service: string }> | undefined;
  /** Raise it to replace every machine of the group by a new one. Default: 1. */
  generation?: number | undefined;
  /** Refused: for stacks of a clone alone. */
  surge?: undefined;
}

/**
 * What a cluster shall be. The settings are those of the stack config, `stacks/Pulumi.local.yaml` and its like, and mean
 * the same. They are plain values: which machines there are is known before any of them exists.
 */
export interface ClusterArgs extends Settings {
  /** Where the machines come from. Default: `local`, this computer. */
  platform?: Settings['platform'];
  /** What the machines run. Default: `debian-13`. */
  os?: Settings['os'];
  /** Groups of machines by name, lower-case DNS labels; one at least has `etcd: true`. */
  machines: Record<string, MachineGroupArgs>;
  /** Private IPv4 range of the cluster. Default: `10.77.0.0/16`. Clusters of one cloud account need one each. */
  network?: string | undefined;
  /** Prefixes in etcd below which units may choose keys with `ServiceKey=`. Default: none. */
  serviceKeys?: string[] | undefined;
  /** Prefixes in etcd below which templates may read. Default: none beyond `serviceKeys`. */
  templateKeys?: string[] | undefined;
  /** For the platform `local` alone: how machines come up, and from which image. */
  local?: Settings['local'];
  /** For the platform `digitalocean` alone: region, sizes, who may reach SSH. */
  digitalocean?: Settings['digitalocean'];
  /** For the platform `hosts` alone: the machines that are there already, and how to log in the first time. */
  hosts?: Settings['hosts'];
}

/** How reports of what a program gave begin. */
export const unusable = 'these arguments cannot be used:';

/** @throws InvalidInput with every problem there is, each with its path in the stack config and its fix. */
export function parseClusterArgs(args: ClusterArgs): ClusterSpec {
  const result = clusterArgsSchema.safeParse(args, { reportInput: true });
  const problems = [
    ...problemsOf(clusterArgsSchema, { ...args }, result.error?.issues ?? []),
    ...surgeProblems(args),
  ];
  if (!result.success || problems.length > 0) throw new InvalidInput(unusable, problems);
  return { ...result.data, images: {}, units: [] };
}

/** Whose turn it is, a clone's own commands read in the state (toolchain/turn.ts); a program can't. */
function surgeProblems({ machines }: ClusterArgs): Problem[] {
  return Object.entries(machines ?? {}).flatMap(([group, given]) =>
    given?.surge === undefined
      ? []
      : [
          {
            path: `flotilla:machines.${group}.surge`,
            problem:
              'is for stacks of a clone: a program does not know what an earlier run has replaced already',
            fix: 'take it out; to replace machines in smaller parts, make more groups',
          },
        ],
  );
}
