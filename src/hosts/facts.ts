import type { Command } from '../ssh/connection.ts';
import { requestScript } from '../ssh/whole-input.ts';
import { rivals } from './packages.ts';
import { ownPlaces } from './places.ts';
import { type Added, beforeFolder, flotillaFolder, parseAdded, recordPath } from './record.ts';
import { nothingWanted, type WantedHost } from './wanted.ts';

export interface FileFacts {
  /** Hex; of a link, of what it leads to. Empty where that is no file: a link to /dev/null masks a unit. */
  readonly sha256: string;
  /** Octal with four digits, `0644` */
  readonly mode: string;
  /** `root:root` */
  readonly owner: string;
}

export interface UnitFacts {
  readonly enabled: boolean;
  readonly active: boolean;
  /** Whether systemd holds an older version of its files: a run was cut off before it told systemd. */
  readonly outdated: boolean;
}

/** What a host has of that which is asked for, and whose it is: asked at every update. */
export interface HostState {
  readonly machineId: string;
  /** Those of the wanted ones that are installed. */
  readonly packages: readonly string[];
  readonly groups: readonly string[];
  /** The wanted user, if there is one. */
  readonly user?: { readonly groups: readonly string[]; readonly authorized: boolean };
  /** By path; absent when there is nothing. */
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly units: Readonly<Record<string, UnitFacts>>;
  /** Of the programs' folders and links below, and of the places that Flotilla makes, those that are not there. */
  readonly absent: readonly string[];
  /** What Flotilla added, if it did. */
  readonly added?: Added;
  /** Whether the record of that lies on the host. */
  readonly recorded: boolean;
  /** Whether something of a Flotilla that was set up is there, recorded or not. */
  readonly flotilla: boolean;
}

/** What a host is as well: asked before it is taken. */
export interface HostFacts extends HostState {
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  /** Of the processor, as Debian calls it: `amd64`. */
  readonly architecture: string;
  /** Of the Node.js that is installed; absent where it is still to come. */
  readonly node?: string;
  /** As `systemd-detect-virt` says: `none`, `kvm`; `qemu` is QEMU without KVM. */
  readonly virtualization: string;
  readonly cpus: number;
  /** MiB that the kernel has. */
  readonly memory: number;
  /** MiB of the file system of `/`. */
  readonly disk: number;
  readonly addresses: readonly string[];
  /** Whether etcd's port is taken. */
  readonly etcd: boolean;
  /** Who is in the group of the agent's socket. */
  readonly members: readonly string[];
  /** Folders in which those of root's programs are made. */
  readonly folders: readonly (Omit<FileFacts, 'sha256'> & { readonly path: string })[];
}

/** Who is in it may do everything in the cluster: the agent's socket is its. */
export const socketGroup = 'flotilla';

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
export function stateCommand(wanted: WantedHost, authorizedKey: string): Command {
  return requestScript('flotilla-host-state', stateScript, [], questions(wanted, authorizedKey), {
    root: true,
  });
}

export function factsCommand(authorizedKey: string): Command {
  const asked = questions({ ...nothingWanted, packages: rivals }, authorizedKey);
  return requestScript('flotilla-host-facts', `${systemScript}${stateScript}`, [], asked, { root: true });
}

/** A line for each kind: what it is, and the names that are asked for. */
function questions({ user, groups, packages, units, files }: WantedHost, authorizedKey: string): string {
  const asked: Readonly<Record<string, readonly string[]>> = {
    user: [user.name, keyOf(authorizedKey)],
    group: groups,
    package: packages,
    unit: [...units.map(({ name }) => name), ...companions],
    file: files.map(({ path }) => path),
    path: [...Object.keys(programPaths), ...ownPlaces],
  };
  return Object.entries(asked)
    .map(([kind, names]) => `${[kind, ...names].join(' ')}\n`)
    .join('');
}

/** Without its comment. */
export function keyOf(authorizedKey: string): string {
  return authorizedKey.split(' ').slice(0, 2).join(' ');
}

/*
 * The output of both scripts is `kind value` a line, but for what sha256sum(1) prints. Of a hundred hosts each program
 * that is started counts, and an emulated machine needs some 30 ms for one: the shell does what it can, and one program
 * answers for all of a kind.
 */
const systemScript = `
. /etc/os-release
echo "os $ID \${VERSION_ID:--} \${PRETTY_NAME:-$ID}"
echo "architecture $(dpkg --print-architecture 2>/dev/null)"
dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' nodejs 2>/dev/null | sed -n 's/^installed /node /p'
echo "virtualization $(systemd-detect-virt --vm 2>/dev/null)"
echo "cpus $(nproc)"
while read -r name value _; do [ "$name" != MemTotal: ] || echo "memory $((value / 1024))"; done </proc/meminfo
echo "disk $(($(stat -f -c '%b * %S' /) / 1048576))"
for address in $(hostname -I); do echo "address $address"; done
stat -L -c 'folder %n %04a %U:%G' /opt /usr/local /usr/local/lib 2>/dev/null
getent group ${socketGroup} | {
  IFS=: read -r _ _ number names || exit 0
  for name in $(IFS=,; printf '%s ' $names); do echo "member $name"; done
  getent passwd | while IFS=: read -r name _ _ group _; do [ "$group" != "$number" ] || echo "member $name"; done
}
# State 0A is LISTEN, and 094B is port 2379 (proc_net_tcp(5)).
! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q '^ *[0-9]*: [0-9A-F]*:094B [0-9A-F:]* 0A ' || echo 'etcd yes'
`;

/* systemctl(1): of `show` a blank line separates the units, which come in the order in which they were named. */
const stateScript = `
set -uf
lines() {
  [ ! -e "$2" ] || while IFS= read -r line || [ -n "$line" ]; do printf '%s %s\\n' "$1" "$line"; done <"$2"
}
account() {
  entry=$(getent passwd "$1") || return 0
  echo "user $(id -nG "$1")"
  home=\${entry%:*} home=\${home##*:}
  [ -n "$2" ] && [ -e "$home/.ssh/authorized_keys" ] || return 0
  lines key "$home/.ssh/authorized_keys" | while read -r line; do
    case $line in *"$2"*) echo 'authorized yes'; break ;; esac
  done
}
unit_states() {
  file=- active= outdated=no
  while read -r line; do
    case $line in
    UnitFileState=?*) file=\${line#*=} ;;
    ActiveState=?*) active=\${line#*=} ;;
    NeedDaemonReload=*) outdated=\${line#*=} ;;
    '') echo "unit $1 $file $active $outdated"; shift; file=- active= outdated=no ;;
    esac
  done
  [ -z "$active" ] || echo "unit $1 $file $active $outdated"
}
contents() {
  there=
  for path; do
    if [ -f "$path" ]; then there="$there $path"
    elif [ -e "$path" ] || [ -L "$path" ]; then echo "mode $path - -"; fi
  done
  [ -n "$there" ] || return 0
  sha256sum -- $there
  stat -L -c 'mode %n %04a %U:%G' -- $there
}
lines machine-id /etc/machine-id
other=
[ ! -e /etc/systemd/system/flotilla-agent.service ] || other=yes
set +f
for path in ${flotillaFolder}/*; do
  case $path in ${beforeFolder} | ${recordPath} | ${recordPath}.new) ;; *) [ ! -e "$path" ] || other=yes ;; esac
done
set -f
[ -z "$other" ] || echo 'flotilla yes'
[ ! -e ${recordPath} ] && [ ! -L ${recordPath} ] || echo 'recorded yes'
lines added ${recordPath}
printf %s "$request" | while read -r kind names; do
  set -- $names
  case $kind in
  user) user=$1; shift; account "$user" "$*" ;;
  path) for path; do [ -e "$path" ] || [ -L "$path" ] || echo "absent $path"; done ;;
  *) [ $# -eq 0 ] || case $kind in
    group) getent group -- "$@" | while IFS=: read -r name _; do echo "group $name"; done ;;
    package) dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' -- "$@" 2>/dev/null |
      while read -r status name; do [ "$status" != installed ] || echo "package $name"; done ;;
    unit) systemctl show --property UnitFileState,ActiveState,NeedDaemonReload -- "$@" | unit_states "$@" ;;
    file) contents "$@" ;;
    esac ;;
  esac
done
echo end
`;

/**
 * @param where the host, for messages
 * @throws when the answer is not whole, or its record is not ours to read
 */
export function parseState(stdout: string, where: string): HostState {
  const { all, one, text } = answers(stdout, where);
  const [user] = all('user');
  const recorded = all('recorded').length > 0;
  const sums = new Map(
    [...stdout.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)].map(([, sha256, path]) => [path, sha256]),
  );
  return {
    machineId: one('machine-id')[0] ?? '',
    packages: all('package').flat(),
    groups: all('group').flat(),
    ...(user ? { user: { groups: user, authorized: all('authorized').length > 0 } } : {}),
    files: Object.fromEntries(
      all('mode').flatMap(([path = '', mode = '', owner = '']) => {
        const sha256 = sums.get(path);
        if (mode === '-') return [[path, { sha256: '', mode, owner }]];
        return sha256 === undefined ? [] : [[path, { sha256, mode, owner }]];
      }),
    ),
    units: Object.fromEntries(
      all('unit').map(([unit = '', file, state, outdated]) => [
        unit,
        {
          enabled: file === 'enabled',
          active: state === 'active' || state === 'activating',
          outdated: outdated === 'yes',
        },
      ]),
    ),
    absent: all('absent').flat(),
    ...(recorded ? { added: parseAdded(text('added'), where) } : {}),
    recorded,
    flotilla: all('flotilla').length > 0,
  };
}

export function parseFacts(stdout: string, where: string): HostFacts {
  const { all, one } = answers(stdout, where);
  const [id = '', version = '', ...name] = one('os');
  const [node] = one('node');
  return {
    ...parseState(stdout, where),
    os: { id, version: version === '-' ? '' : version, name: name.join(' ') },
    architecture: one('architecture')[0] ?? '',
    ...(node ? { node } : {}),
    virtualization: one('virtualization')[0] || 'none',
    cpus: Number(one('cpus')[0]),
    memory: Number(one('memory')[0]),
    disk: Number(one('disk')[0]),
    addresses: all('address').flat(),
    etcd: all('etcd').length > 0,
    members: [...new Set(all('member').flat())],
    folders: all('folder').map(([path = '', mode = '', owner = '']) => ({ path, mode, owner })),
  };
}

function answers(stdout: string, where: string) {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const all = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...words]) => words);
  if (all('end').length !== 1) throw new Error(`${where} did not tell all that was asked of it`);
  return {
    all,
    one: (kind: string) => all(kind)[0] ?? [],
    text: (kind: string) =>
      all(kind)
        .map((words) => `${words.join(' ')}\n`)
        .join(''),
  };
}
