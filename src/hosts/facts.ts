import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { type Added, flotillaFolder, parseAdded, recordPath } from './record.ts';
import { environmentPath, type WantedHost } from './wanted.ts';

export interface FileFacts {
  /** Hex; of a link, of what it leads to. */
  readonly sha256: string;
  /** Octal with four digits, `0644` */
  readonly mode: string;
  /** `root:root` */
  readonly owner: string;
}

export interface UnitFacts {
  readonly enabled: boolean;
  readonly active: boolean;
}

/** What a host is, and what it has of that which is asked for. */
export interface HostFacts {
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  /** Of the processor, as Debian calls it: `amd64`. */
  readonly architecture: string;
  /** Of the Node.js that is installed; absent where it is still to come. */
  readonly node?: string;
  readonly machineId: string;
  /** As `systemd-detect-virt` says: `none`, `kvm`; `qemu` is QEMU without KVM. */
  readonly virtualization: string;
  readonly cpus: number;
  /** MiB that the kernel has. */
  readonly memory: number;
  /** MiB of the file system of `/`. */
  readonly disk: number;
  readonly addresses: readonly string[];
  /** Those of the wanted ones that are installed. */
  readonly packages: readonly string[];
  readonly groups: readonly string[];
  /** The wanted user, if there is one. */
  readonly user?: { readonly groups: readonly string[]; readonly authorized: boolean };
  /** By path; absent when there is nothing. */
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly units: Readonly<Record<string, UnitFacts>>;
  readonly environment: string;
  /** Of the programs' folders and links below, those that are not there. */
  readonly absent: readonly string[];
  /** What Flotilla added, if it did. */
  readonly added?: Added;
  /** Whether something of Flotilla's is there, recorded or not. */
  readonly flotilla: boolean;
  /** Whether etcd's port is taken. */
  readonly etcd: boolean;
}

/** What programs make when they run, and leave when they go → the package that goes with it. */
export const programPaths: Readonly<Record<string, string>> = {
  '/var/lib/docker': 'docker.io',
  '/var/lib/containerd': 'docker.io',
  '/sys/class/net/docker0': 'docker.io',
  '/var/lib/etcd': 'etcd-server',
};

/** Units that start with those that are asked for. */
export const companions: readonly string[] = ['containerd.service', 'docker.socket'];

/**
 * @param authorizedKey the stack's login key; empty before it exists
 */
export function factsCommand(wanted: WantedHost, authorizedKey: string): Command {
  const { user, groups, packages, units, files } = wanted;
  const asked: Readonly<Record<string, readonly string[]>> = {
    user: [`${user.name} ${keyOf(authorizedKey)}`],
    group: groups,
    package: packages,
    unit: [...units.map(({ name }) => name), ...companions],
    file: files.map(({ path }) => path),
    path: Object.keys(programPaths),
  };
  const lines = Object.entries(asked).flatMap(([kind, names]) => names.map((name) => `${kind} ${name}\n`));
  return script('flotilla-host-facts', factsScript, [], { root: true, stdin: lines.join('') });
}

/** Without its comment. */
export function keyOf(authorizedKey: string): string {
  return authorizedKey.split(' ').slice(0, 2).join(' ');
}

/** Its input names what is asked for, a line each; its output says what there is, `kind value` a line. */
const factsScript = `
set -u
. /etc/os-release
echo "os $ID \${VERSION_ID:--} \${PRETTY_NAME:-$ID}"
echo "architecture $(dpkg --print-architecture 2>/dev/null)"
dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' nodejs 2>/dev/null | sed -n 's/^installed /node /p'
echo "machine-id $(cat /etc/machine-id 2>/dev/null)"
echo "virtualization $(systemd-detect-virt --vm 2>/dev/null)"
echo "cpus $(nproc)"
while read -r name value _; do [ "$name" != MemTotal: ] || echo "memory $((value / 1024))"; done </proc/meminfo
echo "disk $(($(stat -f -c '%b * %S' /) / 1048576))"
for address in $(hostname -I); do echo "address $address"; done
[ ! -e ${flotillaFolder} ] && [ ! -e /etc/systemd/system/flotilla-agent.service ] || echo 'flotilla yes'
[ ! -e ${recordPath} ] || echo "added $(base64 -w 0 ${recordPath})"
[ ! -e ${environmentPath} ] || echo "environment $(base64 -w 0 ${environmentPath})"
# State 0A is LISTEN, and 094B is port 2379 (proc_net_tcp(5)).
! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '^ *[0-9]*: [0-9A-F]*:094B [0-9A-F:]* 0A ' || echo 'etcd yes'
while read -r kind name rest; do
  case $kind in
  user)
    id "$name" >/dev/null 2>&1 || continue
    echo "user $(id -nG "$name")"
    home=$(getent passwd "$name" | cut -d: -f6)
    [ -z "$rest" ] || ! grep -qsF "$rest" "$home/.ssh/authorized_keys" || echo 'authorized yes' ;;
  group) ! getent group "$name" >/dev/null || echo "group $name" ;;
  package) [ "$(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null)" != installed ] || echo "package $name" ;;
  unit) echo "unit $name $(systemctl is-enabled "$name" 2>/dev/null | head -n 1) $(systemctl is-active "$name" 2>/dev/null)" ;;
  file) [ ! -f "$name" ] || { sum=$(sha256sum <"$name"); echo "file $name \${sum%% *} $(stat -L -c '%04a %U:%G' "$name")"; } ;;
  path) [ -e "$name" ] || echo "absent $name" ;;
  esac
done
echo end
`;

/**
 * @param where the host, for messages
 * @throws when the answer is not whole, or its record is not ours to read
 */
export function parseFacts(stdout: string, where: string): HostFacts {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const all = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...words]) => words);
  const one = (kind: string) => all(kind)[0] ?? [];
  const text = (kind: string) => Buffer.from(one(kind)[0] ?? '', 'base64').toString('utf8');
  if (all('end').length !== 1) throw new Error(`${where} did not tell all that was asked of it`);
  const [id = '', version = '', ...name] = one('os');
  const [user] = all('user');
  const [node] = one('node');
  return {
    os: { id, version: version === '-' ? '' : version, name: name.join(' ') },
    architecture: one('architecture')[0] ?? '',
    ...(node ? { node } : {}),
    machineId: one('machine-id')[0] ?? '',
    virtualization: one('virtualization')[0] || 'none',
    cpus: Number(one('cpus')[0]),
    memory: Number(one('memory')[0]),
    disk: Number(one('disk')[0]),
    addresses: all('address').flat(),
    packages: all('package').flat(),
    groups: all('group').flat(),
    ...(user ? { user: { groups: user, authorized: all('authorized').length > 0 } } : {}),
    files: Object.fromEntries(
      all('file').map(([path = '', sha256 = '', mode = '', owner = '']) => [path, { sha256, mode, owner }]),
    ),
    units: Object.fromEntries(
      all('unit').map(([unit = '', enabled, active]) => [
        unit,
        { enabled: enabled === 'enabled', active: active === 'active' || active === 'activating' },
      ]),
    ),
    environment: text('environment'),
    absent: all('absent').flat(),
    ...(all('added').length > 0 ? { added: parseAdded(text('added'), where) } : {}),
    flotilla: all('flotilla').length > 0,
    etcd: all('etcd').length > 0,
  };
}
