import type { EtcdTiming } from './timing.ts';

/** Where etcd's files are on a machine. Only tests that run several members on one machine use another one. */
export interface EtcdLayout {
  /** Environment files, and `pki/` with keys and certificates. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

/** The data directory is not Debian's own: its package may have left a stray one-member cluster there. */
export const standardLayout: EtcdLayout = {
  directory: '/etc/flotilla',
  dataDirectory: '/var/lib/etcd/flotilla',
  clientPort: 2379,
  peerPort: 2380,
};

/** One wanted member of the cluster. */
export interface EtcdMember {
  /** The machine's name; etcd's member name as well. */
  readonly name: string;
  /** IPv4 address on the cluster network: peers and clients reach the member there. */
  readonly address: string;
  readonly layout?: EtcdLayout;
}

/** The cluster that is wanted. */
export interface EtcdCluster {
  /** Name of the stack's cluster. */
  readonly name: string;
  /**
   * Counts the cluster's lives. Only a restore from a snapshot, or the wish to start over empty, raises it: members
   * of two generations refuse each other, so that half a cluster can never be founded anew in silence.
   */
  readonly generation: number;
  readonly members: readonly EtcdMember[];
  readonly timing: EtcdTiming;
}

export function layoutOf(member: EtcdMember): EtcdLayout {
  return member.layout ?? standardLayout;
}

export function clientUrl(member: EtcdMember): string {
  return `https://${member.address}:${layoutOf(member).clientPort}`;
}

export function peerUrl(member: EtcdMember): string {
  return `https://${member.address}:${layoutOf(member).peerPort}`;
}

/** etcd's `initial-cluster-token`, from which it computes cluster and member ids. */
export function clusterToken({ name, generation }: Pick<EtcdCluster, 'name' | 'generation'>): string {
  return `flotilla-${name}-${generation}`;
}

/**
 * Common name of every member's certificate. The peer port takes no other: a machine's client certificate, signed by
 * the same authority, can't join the consensus.
 */
export const memberCommonName = 'flotilla-etcd';
