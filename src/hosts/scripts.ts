import type { Command } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { requestScript } from '../ssh/whole-input.ts';
import { ownHome } from './places.ts';

/** Seconds until units that are enabled have started, on emulated processors too. */
const patience = 300;

/**
 * Groups and account, as often as one likes; the key is on standard input. The account's password is `*`, which no
 * password matches: by useradd's own, `!`, sshd takes it for locked and lets no key in where `UsePAM` is `no`.
 */
export function accountCommand(
  { name, groups }: { readonly name: string; readonly groups: readonly string[] },
  newGroups: readonly string[],
  authorizedKey: string,
): Command {
  const body = `
set -eu
user=$1 home=$2 fresh=$3; shift 3
for group in $fresh; do getent group "$group" >/dev/null || groupadd --system "$group"; done
id "$user" >/dev/null 2>&1 || useradd --create-home --home-dir "$home" --shell /bin/bash --password '*' "$user"
for group; do usermod --append --groups "$group" "$user"; done
home=$(getent passwd "$user" | cut -d: -f6)
owner=$(id -u "$user"):$(id -g "$user")
[ -d "$home/.ssh" ] || { mkdir -m 0700 "$home/.ssh"; chown "$owner" "$home/.ssh"; }
keys=$home/.ssh/authorized_keys
[ -e "$keys" ] || { (umask 077; : >"$keys"); chown "$owner" "$keys"; }
key=\${request%?}
grep -qxF "$key" "$keys" || printf '%s\\n' "$key" >>"$keys"
`;
  const args = [name, ownHome, newGroups.join(' '), ...groups];
  return requestScript('flotilla-host-account', body, args, `${authorizedKey}\n`, { root: true });
}

/** Has systemd read its files again. */
export const reload = 'systemctl daemon-reload\n';

export function enableCommand(units: readonly string[]): Command {
  const body = `
set -eu
${reload}[ $# -eq 0 ] || SYSTEMCTL_SKIP_SYSV=1 systemctl enable --now -- "$@"
`;
  return script('flotilla-host-enable', body, units, { root: true, timeout: patience });
}
