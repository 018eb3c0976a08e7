import type { Problem } from '../model/problem.ts';
import { upCommand } from '../model/up-command.ts';
import { clusterAddress, dottedQuad, type HostSpec } from './hosts.ts';
import type { ClusterSpec, GroupSpec } from './schema.ts';

/** What the stack's certificate authority may vouch for (`privateNames` in src/pki/name-constraints.ts). */
const privateAddress =
  /^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;

/** What the schema can't say of hosts: that they are enough, each named once, and reachable for each other. */
export function hostsProblems(config: ClusterSpec): Problem[] {
  const { platform, hosts, machines } = config;
  if (platform !== 'hosts') return [];
  const lists = hosts?.machines ?? {};
  const unused = Object.keys(lists).filter((group) => !Object.hasOwn(machines, group));
  return [
    ...Object.entries(machines).flatMap(([group, { count }]) => tooFew(group, count, lists[group])),
    ...unused.map((group) => ({
      path: `flotilla:hosts.machines.${group}`,
      problem: `there is no group ${group} in flotilla:machines`,
      fix: 'correct the name, or add the group there',
    })),
    ...Object.entries(machines).flatMap(([group, spec]) => meaningless(group, spec)),
    ...saidTwice(lists),
    ...Object.entries(lists).flatMap(([group, list]) =>
      list.flatMap((host, at) => badAddress(group, at, host)),
    ),
  ];
}

function tooFew(group: string, count: number, list: readonly HostSpec[] | undefined): Problem[] {
  const path = `flotilla:hosts.machines.${group}`;
  if (!list && count > 0)
    return [
      {
        path,
        problem: 'is missing, so no host is known for this group',
        fix: `list ${count} of {address: …, user: …, hostKey: …}`,
      },
    ];
  if (!list || list.length >= count) return [];
  return [
    {
      path,
      problem: `names ${list.length} hosts for a count of ${count}`,
      fix: `add ${count - list.length}, or lower flotilla:machines.${group}.count`,
    },
  ];
}

/** Settings that make machines, or lead to them: hosts are there, and so are their ways. */
function meaningless(group: string, { generation, publish, subnet, surge }: GroupSpec): Problem[] {
  const path = (key: string) => `flotilla:machines.${group}.${key}`;
  const problems: Problem[] = [];
  if (generation > 1)
    problems.push({
      path: path('generation'),
      problem: 'a host is not replaced by a new one',
      fix: `leave it at 1; to set a host up anew, lower the count, ${upCommand()}, and raise it again`,
    });
  if (surge !== undefined)
    problems.push({
      path: path('surge'),
      problem: 'a host is not replaced by a new one',
      fix: 'take it out',
    });
  if (Object.keys(publish).length > 0)
    problems.push({
      path: path('publish'),
      problem: 'hosts are not behind anything that could lead ports to them',
      fix: "take it out: units' ports answer at the hosts' own addresses",
    });
  if (subnet !== undefined)
    problems.push({ path: path('subnet'), problem: 'hosts have addresses already', fix: 'take it out' });
  return problems;
}

function saidTwice(lists: Readonly<Record<string, readonly HostSpec[]>>): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [group, list] of Object.entries(lists)) {
    for (const [at, host] of list.entries()) {
      const path = `flotilla:hosts.machines.${group}.${at}`;
      const keys = [`${host.address}:${host.port}`, `at ${clusterAddress(host)}`];
      const other = keys.map((key) => first.get(key)).find((each) => each !== undefined);
      if (other !== undefined)
        problems.push({ path, problem: `is the host that stands in ${other} already`, fix: 'take one out' });
      for (const key of keys) first.set(key, path);
    }
  }
  return problems;
}

function badAddress(group: string, at: number, host: HostSpec): Problem[] {
  const own = host.clusterAddress === undefined ? 'address' : 'clusterAddress';
  const path = `flotilla:hosts.machines.${group}.${at}.${own}`;
  const address = clusterAddress(host);
  if (!dottedQuad.test(address) || address.split('.').some((octet) => Number(octet) > 255))
    return [
      {
        path,
        problem: `${address} is no IPv4 address, by which the other machines reach it`,
        fix: 'add clusterAddress: with its IPv4 address on a network of all machines',
      },
    ];
  if (privateAddress.test(address)) return [];
  return [
    {
      path,
      problem: `${address} is a public address, and the cluster's certificates are for private networks only`,
      fix: 'add clusterAddress: with its address on a private network of all machines, such as a VPN',
    },
  ];
}
