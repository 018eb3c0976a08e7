import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import type { SignedCertificate } from './certificates.ts';
import { clusterToken, type EtcdCluster, type EtcdMember, layoutOf } from './cluster.ts';
import { factsScript, layoutArguments, layoutScript } from './facts.ts';
import { clientEnvironment, clusterEnvironment, etcdEnvironment, fileNames } from './files.ts';

/** What a member is founded with, beside the cluster's list of members. */
export interface Foundation {
  /** PEM */
  readonly authority: string;
  readonly certificates: readonly SignedCertificate[];
  /** The member began with the environment that it has: it keeps that one. */
  readonly keepsEnvironment: boolean;
  /** Seconds to wait at most. */
  readonly seconds: number;
}

/**
 * Puts certificates in place, the environments of etcd and its clients, and as the last file the list of members, for
 * which etcd.path waits; then starts etcd and waits for it as `startCommand` does. Prints the facts. Nothing that it
 * writes is secret.
 */
export function foundCommand(member: EtcdMember, cluster: EtcdCluster, foundation: Foundation): Command {
  const { authority, certificates, keepsEnvironment, seconds } = foundation;
  const environment = [fileNames.environment, etcdEnvironment(member, cluster.timing)];
  const files = [
    ['pki/ca.crt', authority],
    ...certificates.map(({ name, certificate }) => [`pki/${name}.crt`, certificate]),
    ...(keepsEnvironment ? [] : [environment]),
    [fileNames.clientEnvironment, clientEnvironment(cluster.members, layoutOf(member))],
    [fileNames.clusterEnvironment, clusterEnvironment(cluster)],
  ];
  const args = [String(seconds), ...files.flat()];
  return command('flotilla-etcd-found', `${foundScript}${startScript}`, member, args, seconds + 60);
}

/** Each file appears by one rename. No other program is run: each costs an emulated machine some 30 ms. */
const foundScript = `
umask 022
seconds=$1; shift
while [ $# -gt 0 ]; do
  printf %s "$2" > "$directory/$1.new" || {
    echo "$directory/$1 can't be written: see whether the disk there is full or read-only" >&2
    exit 1
  }
  mv "$directory/$1.new" "$directory/$1"
  shift 2
done
set -- "$seconds"
`;

/**
 * Starts etcd unless it runs, and waits until it is in a quorum: the service is of Type=notify, so the start job ends
 * just then. Nothing is polled. Prints the facts.
 *
 * @param seconds to wait at most; passing them is no error, the facts tell
 */
export function startCommand(member: EtcdMember, seconds: number): Command {
  return command('flotilla-etcd-start', startScript, member, [String(seconds)], seconds + 60);
}

const startScript = `
timeout "$1" systemctl start etcd.service || true
`;

/** Notes that the generation was complete. */
export function markCommand(member: EtcdMember, cluster: EtcdCluster): Command {
  const args = [...layoutArguments(member), clusterToken(cluster)];
  return script('flotilla-etcd-mark', `${layoutScript}\n${markScript}`, args, { root: true });
}

const markScript = `
printf '%s\\n' "$1" > "$directory/${fileNames.mark}.new"
mv "$directory/${fileNames.mark}.new" "$directory/${fileNames.mark}"
`;

function command(
  name: string,
  body: string,
  member: EtcdMember,
  args: readonly string[],
  timeout: number,
): Command {
  const text = `${layoutScript}\n${body}\nset +e\n${factsScript}`;
  return script(name, text, [...layoutArguments(member), ...args], { root: true, timeout });
}
