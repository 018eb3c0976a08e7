import {
  clientUrl,
  clusterToken,
  type EtcdCluster,
  type EtcdLayout,
  type EtcdMember,
  layoutOf,
  memberCommonName,
  peerUrl,
  standardLayout,
} from './cluster.ts';
import type { EtcdTiming } from './timing.ts';

/** Bytes the database may grow to before etcd raises NOSPACE; 8 GiB is etcd's advised maximum. */
const quota = 4 * 1024 ** 3;

/** In etcd's directory of configuration. */
export const fileNames = {
  environment: 'etcd.env',
  clusterEnvironment: 'etcd-cluster.env',
  clientEnvironment: 'etcdctl.env',
  /** Holds the token of the generation whose members were all healthy once. */
  mark: 'etcd-bootstrapped',
  /** Holds the UUID of the file system with the data, where that has a disk of its own. */
  disk: 'etcd-disk',
} as const;

export const etcdPaths = (layout: EtcdLayout = standardLayout) => ({
  environment: `${layout.directory}/${fileNames.environment}`,
  clusterEnvironment: `${layout.directory}/${fileNames.clusterEnvironment}`,
  pki: `${layout.directory}/pki`,
  disk: `${layout.directory}/${fileNames.disk}`,
});

/** `etcd.env`: written when the member is founded, and from then on as lasting as its data. It holds no secret. */
export function etcdEnvironment(member: EtcdMember, timing: EtcdTiming): string {
  const layout = layoutOf(member);
  const { pki } = etcdPaths(layout);
  const loopback = `https://127.0.0.1:${layout.clientPort}`;
  return environmentFile({
    ETCD_NAME: member.name,
    ETCD_DATA_DIR: layout.dataDirectory,
    ETCD_LISTEN_CLIENT_URLS: [...new Set([clientUrl(member), loopback])].join(','),
    ETCD_ADVERTISE_CLIENT_URLS: clientUrl(member),
    ETCD_LISTEN_PEER_URLS: peerUrl(member),
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peerUrl(member),
    ETCD_CLIENT_CERT_AUTH: 'true',
    ETCD_CERT_FILE: `${pki}/etcd.crt`,
    ETCD_KEY_FILE: `${pki}/etcd.key`,
    ETCD_TRUSTED_CA_FILE: `${pki}/ca.crt`,
    ETCD_PEER_CLIENT_CERT_AUTH: 'true',
    ETCD_PEER_CERT_FILE: `${pki}/etcd.crt`,
    ETCD_PEER_KEY_FILE: `${pki}/etcd.key`,
    ETCD_PEER_TRUSTED_CA_FILE: `${pki}/ca.crt`,
    ETCD_PEER_CERT_ALLOWED_CN: memberCommonName,
    ETCD_AUTO_COMPACTION_MODE: 'periodic',
    ETCD_AUTO_COMPACTION_RETENTION: '1h',
    ETCD_QUOTA_BACKEND_BYTES: String(quota),
    ETCD_HEARTBEAT_INTERVAL: String(timing.heartbeat),
    ETCD_ELECTION_TIMEOUT: String(timing.election),
    ...(timing.batch ? { ETCD_BACKEND_BATCH_INTERVAL: `${timing.batch}ms` } : {}),
    ...(timing.slow ? quiet(timing.slow) : {}),
    ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK: 'true',
    ETCD_LOGGER: 'zap',
    ETCD_LOG_OUTPUTS: 'stderr',
  });
}

/** Traces of answers over 100 ms are of level info, whatever is said to be slow. */
const quiet = (slow: number) => ({
  ETCD_EXPERIMENTAL_WARNING_APPLY_DURATION: `${slow}ms`,
  ETCD_EXPERIMENTAL_WARNING_UNARY_REQUEST_DURATION: `${slow}ms`,
  ETCD_LOG_LEVEL: 'warn',
});

/**
 * `etcd-cluster.env`: written at bootstrap, the same on every member. etcd heeds it only while the data directory is
 * empty, so it may stay as it is for the generation's whole life.
 */
export function clusterEnvironment(cluster: EtcdCluster): string {
  return environmentFile({
    ETCD_INITIAL_CLUSTER: initialCluster(cluster),
    ETCD_INITIAL_CLUSTER_TOKEN: clusterToken(cluster),
    ETCD_INITIAL_CLUSTER_STATE: 'new',
  });
}

/** Sorted, so that the order of the stack's machines does not look like a change. */
export function initialCluster({ members }: Pick<EtcdCluster, 'members'>): string {
  return members
    .map((member) => `${member.name}=${peerUrl(member)}`)
    .sort()
    .join(',');
}

/** `etcdctl.env`: makes a plain `etcdctl` work for root and for the owner of `etcdctl.key`. */
export function clientEnvironment(
  members: readonly EtcdMember[],
  layout: EtcdLayout = standardLayout,
): string {
  const { pki } = etcdPaths(layout);
  return environmentFile({
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: members.map(clientUrl).sort().join(','),
    ETCDCTL_CACERT: `${pki}/ca.crt`,
    ETCDCTL_CERT: `${pki}/etcdctl.crt`,
    ETCDCTL_KEY: `${pki}/etcdctl.key`,
  });
}

function environmentFile(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return lines.join('');
}
