import type { Problem } from '../model/problem.ts';
import { fingerprint } from '../ssh/public-key.ts';
import type { ClusterSpec } from './schema.ts';

/** Machines of which SSH answers on the operator's own computer: no other one reaches it. */
const withoutBastion: ReadonlySet<ClusterSpec['platform']> = new Set(['local']);

export function proxyJumpProblems({ platform, proxyJump, hosts }: ClusterSpec): Problem[] {
  if (proxyJump === undefined) return [];
  if (platform === 'hosts') return otherKeyProblems(proxyJump, hosts?.machines ?? {});
  if (!withoutBastion.has(platform)) return [];
  return [
    {
      path: 'flotilla:proxyJump',
      problem: `machines of the platform ${platform} answer on your own computer, where no bastion reaches them`,
      fix: 'take it out',
    },
  ];
}

type Jump = NonNullable<ClusterSpec['proxyJump']>;
type Hosts = NonNullable<ClusterSpec['hosts']>['machines'];

/** The bastion may be one of the hosts. One machine has one host key, so one of two would be refused in the middle of a run. */
function otherKeyProblems({ address, port, hostKey }: Jump, hosts: Hosts): Problem[] {
  return Object.entries(hosts).flatMap(([group, list]) =>
    list.flatMap((host, at) => {
      const same = host.address === address && host.port === port;
      if (!same || pin(host.hostKey) === pin(hostKey)) return [];
      const there = `flotilla:hosts.machines.${group}.${at}.hostKey`;
      return [
        {
          path: 'flotilla:proxyJump.hostKey',
          problem: `${pin(hostKey)} is another host key than that of ${there}, ${pin(host.hostKey)}, and both are for ${address}:${port}`,
          fix: 'write the right one into both; on its console, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it',
        },
      ];
    }),
  );
}

/** A key may be named by its line here and by its fingerprint there. What is in the line, the schema has looked at. */
function pin(hostKey: string): string {
  const [type, base64 = ''] = hostKey.split(' ');
  return type === 'ssh-ed25519' ? fingerprint(Buffer.from(base64, 'base64')) : hostKey;
}
