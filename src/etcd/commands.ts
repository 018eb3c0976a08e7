import { type InstalledCertificate, installCertificatesCommand } from '../pki/remote.ts';
import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { clusterToken, type EtcdCluster, type EtcdMember, layoutOf } from './cluster.ts';
import { factsScript, layoutArguments, layoutScript } from './facts.ts';
import { clientEnvironment, clusterEnvironment, etcdPaths } from './files.ts';

/** The certificates of one member; to be run before `foundCommand`. */
export function certificatesCommand(
  member: EtcdMember,
  authority: string,
  certificates: readonly InstalledCertificate[],
): Command {
  return installCertificatesCommand(authority, certificates, etcdPaths(layoutOf(member)).pki);
}

/**
 * Writes the client environment and then, as the last file, the list of members; then starts etcd and waits for it as
 * `startCommand` does. Prints the facts.
 */
export function foundCommand(member: EtcdMember, cluster: EtcdCluster, seconds: number): Command {
  const files = [clientEnvironment(cluster.members, layoutOf(member)), clusterEnvironment(cluster)];
  const args = [String(seconds), ...files];
  return command('flotilla-etcd-found', `${foundScript}${startScript}`, member, args, seconds + 60);
}

const foundScript = `
write() {
  printf %s "$2" > "$1.new"
  chmod 0644 "$1.new"
  mv "$1.new" "$1"
}
write "$directory/etcdctl.env" "$2"
write "$directory/etcd-cluster.env" "$3"
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
printf '%s\\n' "$1" > "$directory/etcd-bootstrapped.new"
mv "$directory/etcd-bootstrapped.new" "$directory/etcd-bootstrapped"
`;

function command(
  name: string,
  body: string,
  member: EtcdMember,
  args: readonly string[],
  timeout = 60,
): Command {
  const text = `${layoutScript}\n${body}\nset +e\n${factsScript}`;
  return script(name, text, [...layoutArguments(member), ...args], { root: true, timeout });
}
