import { programFolders } from '../model/operating-system.ts';
import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { type EtcdMember, layoutOf } from './cluster.ts';
import { fileNames } from './files.ts';

/** A member as the cluster itself lists it. */
export interface ListedMember {
  /** Hexadecimal, as etcdctl prints it. */
  readonly id: string;
  /** Empty while the member has never started. */
  readonly name: string;
}

/** What one machine says about its etcd. */
export interface MemberFacts {
  readonly name: string;
  /** etcd.env is there. */
  readonly hasEnvironment: boolean;
  /** `initial-cluster-token` and `initial-cluster` of etcd-cluster.env; empty without that file. */
  readonly token: string;
  readonly initialCluster: string;
  /** Token of the generation that was once complete, as marked here; else empty. */
  readonly markedToken: string;
  /** The data directory holds a member, or would if its disk were mounted: etcd's start sees to that. */
  readonly hasData: boolean;
  /** PEM; empty when there is none. */
  readonly certificate: string;
  /** systemd's ActiveState of etcd.service. */
  readonly state: string;
  /** How often systemd restarted it. */
  readonly restarts: number;
  /** The member answered a read that needs a quorum. */
  readonly healthy: boolean;
  /** Hexadecimal; empty unless healthy. */
  readonly clusterId: string;
  readonly members: readonly ListedMember[];
  /** Last lines of etcd's journal; empty while it is healthy. */
  readonly journal: readonly string[];
}

/** Prints the facts as `key=value` lines. Ends every command that changes something, to save a round trip. */
export const factsScript = `
value() { sed -n "s/^$2=//p" "$1" 2>/dev/null || true; }
[ -s "$directory/${fileNames.environment}" ] && echo hasEnvironment=yes
echo "token=$(value "$directory/${fileNames.clusterEnvironment}" ETCD_INITIAL_CLUSTER_TOKEN)"
echo "initialCluster=$(value "$directory/${fileNames.clusterEnvironment}" ETCD_INITIAL_CLUSTER)"
echo "bootstrapped=$(cat "$directory/${fileNames.mark}" 2>/dev/null || true)"
if [ -d "$data/member" ] || { [ -s "$directory/${fileNames.disk}" ] && ! mountpoint -q "$data"; }; then echo hasData=yes; fi
[ -s "$directory/pki/etcd.crt" ] && echo "certificate=$(base64 -w0 "$directory/pki/etcd.crt")"
state=$(systemctl show etcd.service --property=ActiveState --property=NRestarts)
echo "$state"
case $state in *ActiveState=active*)
  set -a; . "$directory/${fileNames.clientEnvironment}"; set +a
  ETCDCTL_ENDPOINTS=https://127.0.0.1:$port
  echo "members=$(etcdctl --dial-timeout=3s --command-timeout=6s member list -w json 2>/dev/null || true)"
  ;;
*)
  journalctl --unit=etcd.service --lines=10 --output=cat --no-pager 2>/dev/null | sed 's/^/journal=/'
esac
exit 0
`;

/**
 * Every script of this folder starts with its machine's layout: `$1`, `$2`, `$3`. Where etcd was sent, its own etcdctl
 * is the right one.
 */
export const layoutScript = `set -eu; directory=$1; data=$2; port=$3; shift 3; PATH=${programFolders}:$PATH`;

export function layoutArguments(member: EtcdMember): readonly string[] {
  const { directory, dataDirectory, clientPort } = layoutOf(member);
  return [directory, dataDirectory, String(clientPort)];
}

/** Reads everything that `membership` decides by, in one round trip. */
export function factsCommand(member: EtcdMember): Command {
  const body = `${layoutScript}\nset +e\n${factsScript}`;
  return script('flotilla-etcd-facts', body, layoutArguments(member), { root: true });
}

/** Parses what the facts script printed; unknown lines are passed over. */
export function parseFacts(name: string, stdout: string): MemberFacts {
  const lines = stdout.split('\n').map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const values = new Map(lines);
  const value = (key: string) => values.get(key) ?? '';
  return {
    name,
    hasEnvironment: value('hasEnvironment') === 'yes',
    token: value('token'),
    initialCluster: value('initialCluster'),
    markedToken: value('bootstrapped'),
    hasData: value('hasData') === 'yes',
    certificate: Buffer.from(value('certificate'), 'base64').toString(),
    state: value('ActiveState'),
    restarts: Number(value('NRestarts') || 0),
    // Since 3.5 the list comes from a quorum (rpc.proto, MemberListRequest.linearizable), so it proves one.
    healthy: value('members') !== '',
    ...parseMemberList(value('members')),
    journal: lines.filter(([key]) => key === 'journal').map(([, line]) => line),
  };
}

/** etcdctl's JSON holds 64-bit ids as numbers, which JSON.parse would round: they are read as text. */
function parseMemberList(json: string): Pick<MemberFacts, 'clusterId' | 'members'> {
  if (json === '') return { clusterId: '', members: [] };
  const list: unknown = JSON.parse(json.replace(/("(?:cluster_id|ID)":)(\d+)/g, '$1"$2"'));
  const { header, members } = record(list);
  return {
    clusterId: hexadecimal(record(header).cluster_id),
    members: Array.isArray(members) ? members.map(listedMember) : [],
  };
}

function listedMember(entry: unknown): ListedMember {
  const { ID, name } = record(entry);
  return {
    id: hexadecimal(ID),
    name: typeof name === 'string' ? name : '',
  };
}

function hexadecimal(id: unknown): string {
  return typeof id === 'string' ? BigInt(id).toString(16) : '';
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
