import { hostSystems, systemTraits } from '../model/operating-system.ts';
import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { type Added, beforeFolder, flotillaFolder, recordPath } from './record.ts';
import { sudoersPath } from './wanted.ts';

/** Where programs were sent to, on any of the systems that hosts run. */
const programFolders = [...new Set(hostSystems.map((os) => systemTraits[os].programFolder))].join(' ');

/** Seconds. Packages are downloaded and unpacked by emulated processors too. */
const patience = { packages: 1200, units: 300, undo: 900 };

/** apt waits this long for another one, such as unattended-upgrades, to end. */
const apt = 'apt-get -q -o DPkg::Lock::Timeout=300';

/** Prints what an installation would bring that is not there; upgrades have their old version in brackets. */
export function simulateCommand(packages: readonly string[]): Command {
  const body = `
set -eu
export DEBIAN_FRONTEND=noninteractive
${apt} update >&2
simulated=$(${apt} -s install --no-install-recommends -- "$@")
printf '%s\\n' "$simulated" | sed -n '/^Inst [^ ]* \\[/d; s/^Inst \\([^ ]*\\).*/\\1/p'
`;
  return script('flotilla-host-simulate', body, packages, { root: true, timeout: patience.packages });
}

/** dpkg's own work that was cut off is completed first. Settings that somebody changed stay. */
export function installCommand(packages: readonly string[]): Command {
  const body = `
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
dpkg --configure -a --force-confold >&2
${apt} -y -o Dpkg::Options::=--force-confold install --no-install-recommends -- "$@" >&2
`;
  return script('flotilla-host-install', body, packages, { root: true, timeout: patience.packages });
}

/** Keeps a copy of each of the files that has none, then the record: it never names what is not kept. */
export function recordCommand(added: Added, keep: readonly string[]): Command {
  const body = `
set -eu
before=$1 record=$2; shift 2
mkdir -p "\${record%/*}"
umask 077
mkdir -p "$before"
for path; do
  [ -e "$path" ] || [ -L "$path" ] || continue
  [ -e "$before$path" ] || [ -L "$before$path" ] || {
    mkdir -p "$before\${path%/*}"
    cp -a "$path" "$before$path.part"
    mv "$before$path.part" "$before$path"
  }
done
cat >"$record.new"
sync "$record.new" "$before"
mv "$record.new" "$record"
`;
  const stdin = `${JSON.stringify(added, null, 2)}\n`;
  return script('flotilla-host-record', body, [beforeFolder, recordPath, ...keep], { root: true, stdin });
}

/** Puts files back as they were, or takes them away; a folder of drop-ins that was only for ours goes too. */
export function restoreCommand(files: Added['files']): Command {
  const stdin = files.map(({ path, existed }) => `${existed ? 'back' : 'away'} ${path}\n`).join('');
  return script('flotilla-host-restore', `${restoreFunction}${restoreLoop}`, [beforeFolder], {
    root: true,
    stdin,
  });
}

const restoreFunction = `
set -eu
restore() {
  if [ "$1" = back ] && { [ -e "$before$2" ] || [ -L "$before$2" ]; }; then
    cp -a "$before$2" "$2.old"
    mv "$2.old" "$2"
  elif [ "$1" = away ]; then
    rm -f "$2"
    case $2 in *.d/*) rmdir "\${2%/*}" 2>/dev/null || : ;; esac
  fi
}
`;

const restoreLoop = `
before=$1
while read -r how path; do restore "$how" "$path"; done
`;

/** Groups and account, as often as one likes; the key is on standard input. */
export function accountCommand(
  { name, groups }: { readonly name: string; readonly groups: readonly string[] },
  newGroups: readonly string[],
  authorizedKey: string,
): Command {
  const body = `
set -eu
user=$1 fresh=$2; shift 2
for group in $fresh; do getent group "$group" >/dev/null || groupadd --system "$group"; done
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$user"
for group; do usermod --append --groups "$group" "$user"; done
home=$(getent passwd "$user" | cut -d: -f6)
owner=$(id -u "$user"):$(id -g "$user")
[ -d "$home/.ssh" ] || { mkdir -m 0700 "$home/.ssh"; chown "$owner" "$home/.ssh"; }
keys=$home/.ssh/authorized_keys
[ -e "$keys" ] || { (umask 077; : >"$keys"); chown "$owner" "$keys"; }
read -r key
grep -qxF "$key" "$keys" || printf '%s\\n' "$key" >>"$keys"
`;
  const args = [name, newGroups.join(' '), ...groups];
  return script('flotilla-host-account', body, args, { root: true, stdin: `${authorizedKey}\n` });
}

/** Has systemd read its files again. */
export const reload = 'systemctl daemon-reload\n';

export function enableCommand(units: readonly string[]): Command {
  const body = `
set -eu
${reload}[ $# -eq 0 ] || SYSTEMCTL_SKIP_SYSV=1 systemctl enable --now -- "$@"
`;
  return script('flotilla-host-enable', body, units, { root: true, timeout: patience.units });
}

/**
 * Takes away what the record says was added. It may end anywhere and be run again: the record goes last. Standard
 * output says what had to stay.
 *
 * @param leave paths that go with their package, if that does
 */
export function undoCommand(added: Added, leave: Readonly<Record<string, string>>): Command {
  const { user, units, files, packages, groups, owner } = added;
  const gone = added.absent.filter((path) => packages.includes(leave[path] ?? ''));
  const lines = [
    ...units.map(({ name, enabled, active }) => `unit ${name} ${enabled} ${active}`),
    ...files.filter(({ path }) => path !== sudoersPath).map(fileLine),
    ...packages.map((name) => `package ${name}`),
    ...gone.map((path) => `gone ${path}`),
    ...groups.map((name) => `group ${name}`),
    user.created ? `account ${user.name}` : `guest ${user.name} ${user.joined.join(' ')}`,
    ...files.filter(({ path }) => path === sudoersPath).map((file) => `last-${fileLine(file)}`),
    `key ${owner}`,
  ];
  const args = [beforeFolder, flotillaFolder];
  const stdin = lines.map((line) => `${line}\n`).join('');
  return script('flotilla-host-undo', undoScript, args, { root: true, stdin, timeout: patience.undo });
}

function fileLine({ path, existed }: Added['files'][number]): string {
  return `file ${existed ? 'back' : 'away'} ${path}`;
}

const ownVariables = '^(COREOS_(PRIVATE|PUBLIC)_IPV4|FLOTILLA_[A-Z_]*)=';

/*
 * Units first, while their files are there: the agent before the units that it would start again. Packages stay where
 * something else came to need them. A user's own session does not keep him (userdel -f): it may be this very one.
 */
const undoScript = `${restoreFunction}
export DEBIAN_FRONTEND=noninteractive
before=$1 flotilla=$2
request=$(cat)
each() { printf '%s\\n' "$request" | sed -n "s/^$1 //p"; }
quietly() { "$@" >/dev/null 2>&1 || :; }

quietly systemctl stop flotilla-agent.path flotilla-agent.service
for unit in $(ls /run/flotilla/units 2>/dev/null) flotilla-fence.service; do quietly systemctl stop -- "$unit"; done
each unit | while read -r unit enabled active; do
  [ "$active" = true ] || quietly systemctl stop -- "$unit"
  [ "$enabled" = true ] || SYSTEMCTL_SKIP_SYSV=1 quietly systemctl disable -- "$unit"
done
each file | while read -r how path; do [ "$path" = /etc/environment ] || restore "$how" "$path"; done
if [ -e /etc/environment ]; then
  { grep -vE '${ownVariables}' /etc/environment || :
    [ ! -e "$before/etc/environment" ] || grep -E '${ownVariables}' "$before/etc/environment" || :
  } >/etc/environment.new
  if [ -s /etc/environment.new ] || [ -e "$before/etc/environment" ]; then
    cmp -s /etc/environment.new /etc/environment || cat /etc/environment.new >/etc/environment
  else rm -f /etc/environment; fi
  rm -f /etc/environment.new
fi
for link in /run/systemd/system/* /run/systemd/system/*.wants/* /run/systemd/system/*.requires/*; do
  case $(readlink "$link" || :) in /run/flotilla/*) rm -f "$link" ;; esac
done
rm -f /run/systemd/system/flotilla-fence.service /run/systemd/system/*.d/flotilla-fence.conf
rmdir /run/systemd/system/*.d /run/systemd/system/*.wants /run/systemd/system/*.requires 2>/dev/null || :
systemctl daemon-reload
quietly systemctl reset-failed

ours=$(each package | while read -r name; do
  case $(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null) in ''|not-installed) ;; *) echo "$name" ;; esac
done)
others=
if [ -n "$ours" ]; then
  others=$(${apt} -s purge -- $ours | sed -n 's/^\\(Remv\\|Purg\\) \\([^ ]*\\).*/\\2/p' | while read -r name; do
    each package | grep -qxF "\${name%%:*}" || echo "$name"
  done)
  if [ -z "$others" ]; then ${apt} -y purge -- $ours >&2
  else echo "packages stay, since others need them now:" $others; fi
fi
each gone | while read -r path; do
  case $path in
  /sys/class/net/*) quietly ip link delete "\${path##*/}" ;;
  *) [ -n "$others" ] || rm -rf "$path" ;;
  esac
done
rm -rf /var/lib/etcd/flotilla ${programFolders} /opt/flotilla /run/flotilla
each key | while read -r key; do
  each guest | while read -r user joined; do
    for group in $joined; do quietly gpasswd -d "$user" "$group"; done
    keys=$(getent passwd "$user" | cut -d: -f6)/.ssh/authorized_keys
    [ ! -e "$keys" ] || { grep -vxF "$key" "$keys" || :; } >"$keys.new"
    [ ! -e "$keys.new" ] || { cat "$keys.new" >"$keys"; rm -f "$keys.new"; }
  done
done
each account | while read -r user; do ! id "$user" >/dev/null 2>&1 || quietly userdel -f -r "$user"; done
each account | while read -r user; do ! id "$user" >/dev/null 2>&1 || { echo "the user $user cannot be removed" >&2; exit 1; }; done
each group | while read -r group; do ! getent group "$group" >/dev/null || groupdel "$group"; done
each last-file | while read -r how path; do restore "$how" "$path"; done
sync
rm -rf "$flotilla"
`;
