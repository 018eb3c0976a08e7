import { environmentFile, ourVariables } from '../model/machine-environment.ts';
import type { Command } from '../ssh/connection.ts';
import { requestScript } from '../ssh/whole-input.ts';
import { programPaths } from './facts.ts';
import { apt } from './packages.ts';
import { ownFolders, ownHome } from './places.ts';
import { type Added, beforeFolder, flotillaFolder, recordPath } from './record.ts';
import { ownerLines, ownsFunction, restoreFunction } from './record-script.ts';
import { sudoersPath } from './wanted.ts';

/** Seconds. Packages are purged by emulated processors too. */
const patience = 900;

/**
 * Takes away what the record says was added. It may end anywhere and be run again: the record goes last. Standard
 * output says what had to stay.
 */
export function undoCommand(added: Added): Command {
  const { user, units, files, packages, groups, owner } = added;
  const gone = added.absent.filter((path) => packages.includes(programPaths[path] ?? ''));
  const lines = [
    ...units.map(({ name, enabled, active }) => `unit ${name} ${enabled} ${active}`),
    ...files.filter(({ path }) => path !== sudoersPath && path !== environmentFile).map(fileLine),
    ...packages.map((name) => `package ${name}`),
    ...gone.map((path) => `gone ${path}`),
    ...ours(added, ownFolders).map((path) => `folder ${path}`),
    ...groups.map((name) => `group ${name}`),
    ...ours(added, [ownHome]).map((path) => `home ${path}`),
    user.created ? `account ${user.name}` : `guest ${user.name} ${user.joined.join(' ')}`,
    ...files.filter(({ path }) => path === sudoersPath).map((file) => `last-${fileLine(file)}`),
    `key ${owner}`,
  ];
  const args = [beforeFolder, flotillaFolder, recordPath, ownerLines(added)];
  const request = lines.map((line) => `${line}\n`).join('');
  return requestScript('flotilla-host-undo', undoScript, args, request, { root: true, timeout: patience });
}

/** Those of the places that were not there before. Records of earlier versions name none, and counted all as ours. */
function ours({ absent }: Added, places: readonly string[]): readonly string[] {
  const isOlder = !ownFolders.some((path) => absent.includes(path));
  return places.filter((path) => isOlder || absent.includes(path));
}

function fileLine({ path, existed }: Added['files'][number]): string {
  return `file ${existed ? 'back' : 'away'} ${path}`;
}

/** Earlier versions took variables of the owner's that begin like ours out too: those come back. */
const formerVariables = '^(COREOS_(PRIVATE|PUBLIC)_IPV4|FLOTILLA_[A-Z_]*)=';

/*
 * Takes our lines out, and puts those back that stood there before. The file keeps its mode, its owner and its bytes,
 * and a link stays one. One that was only for ours goes.
 */
const environmentFunction = `
environment_away() {
  file=$1 kept=$2
  [ -e "$file" ] || return 0
  [ ! -L "$file" ] || file=$(readlink -f "$file")
  cp -p "$file" "$file.new"
  { LC_ALL=C sed -E '/${ourVariables}/d' "$file"
    [ ! -f "$kept" ] || LC_ALL=C grep -aE '${formerVariables}' "$kept" | LC_ALL=C grep -avxF -f "$file" || :
  } >"$file.new"
  if cmp -s "$file" "$file.new"; then rm -f "$file.new"
  elif [ -s "$file.new" ] || [ -e "$kept" ] || [ -L "$kept" ]; then sync "$file.new"; mv "$file.new" "$file"
  else rm -f "$file" "$file.new"; fi
}
`;

/*
 * Units first, while their files are there: the agent before the units that it would start again. Packages stay where
 * something else came to need them. A user's own session does not keep him (userdel -f): it may be this very one. sudo
 * refuses to go where root has no password (its prerm), which those who were let in as root don't need.
 */
const undoScript = `${restoreFunction}${ownsFunction}${environmentFunction}
export DEBIAN_FRONTEND=noninteractive SUDO_FORCE_REMOVE=yes
before=$1 flotilla=$2 record=$3 whose=$4
each() { printf %s "$request" | sed -n "s/^$1 //p"; }
quietly() { "$@" >/dev/null 2>&1 || :; }
owns "$record" "$whose"

agent='flotilla-agent.path flotilla-agent.service'
placed="$(ls /run/flotilla/units 2>/dev/null || :) flotilla-fence.service"
quietly systemctl stop $agent
for unit in $placed; do quietly systemctl stop -- "$unit"; done
each unit | while read -r unit enabled active; do
  [ "$active" = true ] || quietly systemctl stop -- "$unit"
  [ "$enabled" = true ] || SYSTEMCTL_SKIP_SYSV=1 quietly systemctl disable -- "$unit"
done
each file | while read -r how path; do restore "$how" "$path"; done
environment=${environmentFile}
environment_away "$environment" "$before$environment"
for link in /run/systemd/system/* /run/systemd/system/*.wants/* /run/systemd/system/*.requires/*; do
  case $(readlink "$link" || :) in /run/flotilla/*) rm -f "$link" ;; esac
done
rm -f /run/systemd/system/flotilla-fence.service /run/systemd/system/*.d/flotilla-fence.conf
rmdir /run/systemd/system/*.d /run/systemd/system/*.wants /run/systemd/system/*.requires 2>/dev/null || :
systemctl daemon-reload
for unit in $agent $placed $(each unit | cut -d ' ' -f 1); do quietly systemctl reset-failed -- "$unit"; done

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
each folder | while read -r path; do rm -rf "$path"; done
each key | while read -r key; do
  each guest | while read -r user joined; do
    for group in $joined; do quietly gpasswd -d "$user" "$group"; done
    keys=$(getent passwd "$user" | cut -d: -f6)/.ssh/authorized_keys
    [ ! -e "$keys" ] || { grep -vxF "$key" "$keys" || :; } >"$keys.new"
    [ ! -e "$keys.new" ] || { cat "$keys.new" >"$keys"; rm -f "$keys.new"; }
  done
done
home=$(each home)
each account | while read -r user; do
  id "$user" >/dev/null 2>&1 || continue
  quietly userdel -f \${home:+-r} "$user"
  ! id "$user" >/dev/null 2>&1 || { echo "the user $user cannot be removed" >&2; exit 1; }
  [ -n "$home" ] || echo "the home of $user stays: it was there before"
done
each group | while read -r group; do ! getent group "$group" >/dev/null || groupdel "$group"; done
each last-file | while read -r how path; do restore "$how" "$path"; done
sync
rm -rf "$before"
rm -rf "$flotilla"
`;
