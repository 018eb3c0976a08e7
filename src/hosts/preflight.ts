import { etcdPrograms } from '../etcd/release.ts';
import { isMachineId } from '../model/machine-id.ts';
import { hostSystems, operatingSystemOf, systemTraits } from '../model/operating-system.ts';
import type { Problem } from '../model/problem.ts';
import { refreshCommand } from '../model/up-command.ts';
import { programsFor } from '../programs/program.ts';
import type { HostFacts } from './facts.ts';
import { othersProblems } from './others.ts';
import { nothingWanted } from './wanted.ts';

/** What the stack asks of a host. */
export interface HostRequest {
  /** The machine's name in the stack. */
  readonly name: string;
  /** Where the host stands in the config. */
  readonly path: string;
  /** Where its group does. */
  readonly groupPath: string;
  /** Who logs in the first time. */
  readonly user: string;
  readonly clusterAddress: string;
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB */
  readonly disk: number;
  /** Whether it is to hold the cluster's state. */
  readonly etcd: boolean;
}

/** Whose the host would be. */
export interface HostCluster {
  /** The stack. */
  readonly cluster: string;
  /** The stack's login key; before it exists, a host of a stack of that name counts as its own. */
  readonly owner?: string;
}

/** Major and minor version of Node.js that the agent needs at least: `AbortSignal.any` came with it. */
const leastNode = [18, 17] as const;

/** A kernel keeps some of the memory that a machine was given: of 512 MiB it shows some 460. */
const kernelShare = 0.15;

/** Part of a disk that partitions and a file system take. */
const fileSystemShare = 0.1;

/** Pure: everything for which the host can't be taken. Nothing has been changed on it by then. */
export function checkHost(facts: HostFacts, request: HostRequest, cluster: HostCluster): Problem[] {
  return [
    ...systemProblems(facts, request),
    ...belongsToOthers(facts, request, cluster),
    ...accountProblems(facts, request),
    ...othersProblems(facts, request),
    ...sizeProblems(facts, request),
    ...addressProblems(facts, request),
  ];
}

function systemProblems(facts: HostFacts, { path, etcd }: HostRequest): Problem[] {
  const { os, architecture, machineId, node } = facts;
  const problems: Problem[] = [];
  const release = `${os.id} ${os.version}`;
  const system = operatingSystemOf(release);
  if (!system) {
    const usable = hostSystems.map((each) => systemTraits[each].label).join(' or ');
    const problem = `runs ${os.name || release}, which cannot be used: Flotilla does not know it`;
    problems.push({ path, problem, fix: `install ${usable} there, or name another host` });
  }
  if (system && etcd && systemTraits[system].etcd === 'sent' && !programsFor(etcdPrograms, architecture))
    problems.push({
      path,
      problem: `has a processor of ${architecture}, for which there is no etcd that ${systemTraits[system].label} can run: its own is too old`,
      fix: 'let another host hold etcd, or install Debian 13 there',
    });
  if (node !== undefined && isOlder(node, leastNode))
    problems.push({
      path,
      problem: `has Node.js ${node}, and the agent needs ${leastNode.join('.')} at least`,
      fix: 'run `apt-get install --only-upgrade nodejs` there',
    });
  if (!isMachineId(machineId))
    problems.push({
      path,
      problem: `has no machine id: /etc/machine-id holds "${machineId}"`,
      fix: 'run `systemd-machine-id-setup` there',
    });
  return problems;
}

/** Compares the first two numbers of a package's version, `18.13.0+dfsg1-1`. An epoch comes before them. */
function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(?:\d+:)?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) < major || (Number(first) === major && Number(second) < minor);
}

function belongsToOthers(
  { added, flotilla, etcd }: HostFacts,
  { name, path, etcd: member }: HostRequest,
  { cluster, owner }: HostCluster,
): Problem[] {
  if (added === undefined && flotilla)
    return [
      {
        path,
        problem:
          'is a machine of a Flotilla cluster already: it was set up by its first boot, or its record of what was added is gone',
        fix: `name another host; where the record is gone, ${refreshCommand()} of its own stack writes it again`,
      },
    ];
  if (added === undefined && etcd && member)
    return [
      {
        path,
        problem: 'has something listening on port 2379 already, which etcd needs',
        fix: 'stop it there (`ss -ltnp` says what it is), or name another host',
      },
    ];
  if (added === undefined) return [];
  const whose = `${added.machine} of the stack ${added.cluster}`;
  if (added.cluster !== cluster || (owner !== undefined && added.owner !== owner))
    return [
      {
        path,
        problem: `is in another Flotilla cluster: it is ${whose}${added.cluster === cluster ? ' of another Pulumi state' : ''}`,
        fix: 'destroy that stack or take the host out of it there, or name another host',
      },
    ];
  if (added.machine === name) return [];
  return [
    {
      path,
      problem: `is ${added.machine} of this stack, and would become ${name}`,
      fix: 'keep the order of the hosts in the list: take hosts away from its end, and add them there',
    },
  ];
}

/** Who may become root without a password already is given nothing new by it; anybody else would be. */
function accountProblems({ user: found, added }: HostFacts, { path, user }: HostRequest): Problem[] {
  const { name } = nothingWanted.user;
  if (!found || added || user === name) return [];
  return [
    {
      path,
      problem: `has a user ${name} already, whom Flotilla would make root's equal`,
      fix: `rename that user, or, if ${name} may use sudo without a password anyway, say user: ${name}`,
    },
  ];
}

function sizeProblems(facts: HostFacts, { groupPath, cpus, memory, disk }: HostRequest): Problem[] {
  const least = [
    { key: 'cpus', unit: '', has: facts.cpus, needs: cpus, asked: cpus },
    { key: 'memory', unit: ' MiB', has: facts.memory, needs: memory * (1 - kernelShare), asked: memory },
    {
      key: 'disk',
      unit: ' GiB',
      has: Math.floor(facts.disk / 1024),
      needs: Math.floor(disk * (1 - fileSystemShare)),
      asked: disk,
    },
  ];
  return least
    .filter(({ has, needs }) => has < needs)
    .map(({ key, unit, has, asked }) => ({
      path: `${groupPath}.${key}`,
      problem: `${asked}${unit} are asked for, and the host has ${has}${unit}`,
      fix: `lower it to what the smallest host of the group has, or name another host`,
    }));
}

function addressProblems({ addresses }: HostFacts, { path, clusterAddress }: HostRequest): Problem[] {
  if (addresses.includes(clusterAddress)) return [];
  return [
    {
      path,
      problem: `has no address ${clusterAddress}, by which the others are to reach it; it has ${addresses.join(', ') || 'none'}`,
      fix: 'say clusterAddress: with one of those',
    },
  ];
}

/** Two hosts with one machine id are one host by two ways, or a copy whose id was never made anew. */
export function twinProblems(
  hosts: readonly { readonly name: string; readonly path: string; readonly machineId: string }[],
): Problem[] {
  return hosts.flatMap(({ name, path, machineId }, index) => {
    const twin = hosts.slice(0, index).find((each) => each.machineId === machineId);
    if (!twin) return [];
    return [
      {
        path,
        problem: `${name} has the machine id of ${twin.name} (${machineId}): it is the same host, or a copy of it`,
        fix: 'name another host; on a copy, `rm /etc/machine-id && systemd-machine-id-setup`, new SSH host keys, and a reboot',
      },
    ];
  });
}
