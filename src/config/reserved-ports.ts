import { followedPort } from '../model/followed.ts';
import { isCloud } from '../model/platform-name.ts';
import type { Problem } from '../model/problem.ts';
import { followedOf, portOf } from './publish.ts';
import type { ClusterSpec, GroupSpec } from './schema.ts';

/** A port of the machines that has an owner already, so that publishing it would be opening that one to the world. */
interface ReservedPort {
  readonly port: number;
  /** Whose it is, and what comes of publishing it. */
  readonly owner: string;
  readonly fix: (platform: ClusterSpec['platform']) => string;
  readonly isTaken: (config: ClusterSpec, group: GroupSpec) => boolean;
}

/** Elsewhere than on a cloud a published port is one of the operator's own computer, and of nobody else's. */
const isOpened = ({ platform }: ClusterSpec) => isCloud(platform);

/** What listens on machines without anybody's unit. Agents that keep images take a free port, unlike these. */
const reservedPorts: readonly ReservedPort[] = [
  {
    port: 22,
    owner: "is SSH's, which would answer the world",
    fix: (platform) => `take it out, and say in flotilla:${platform}.sshFrom who may reach SSH`,
    isTaken: isOpened,
  },
  ...[2379, 2380].map((port) => ({
    port,
    owner: "is etcd's, which holds the cluster's state and would answer the world",
    fix: () => 'take it out: `npx flotilla ssh MACHINE` leads to etcd. For a unit, choose another port',
    isTaken: (config: ClusterSpec, { etcd }: GroupSpec) => etcd && isOpened(config),
  })),
  {
    port: followedPort,
    owner: "is the agent's, which is asked there for services that ports follow",
    fix: () => 'choose another port for the unit',
    isTaken: (_, group) => followedOf(group).length > 0,
  },
];

/** Ports that machines keep for themselves can't be published. */
export function reservedPortProblems(config: ClusterSpec): Problem[] {
  return Object.entries(config.machines).flatMap(([name, group]) =>
    Object.entries(group.publish).flatMap(([host, publication]) =>
      reservedPorts
        .filter(({ port, isTaken }) => portOf(publication) === port && isTaken(config, group))
        .map(({ port, owner, fix }) => ({
          path: `flotilla:machines.${name}.publish.${host}`,
          problem: `port ${port} of the machines ${owner}`,
          fix: fix(config.platform),
        })),
    ),
  );
}
