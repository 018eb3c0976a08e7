import type { Command } from '../ssh/connection.ts';
import { requestScript } from '../ssh/whole-input.ts';
import { type Added, beforeFolder, recordPath } from './record.ts';

/** Whose addition it is. */
export type Owner = Pick<Added, 'cluster' | 'machine' | 'owner'>;

/** The record as it lies on the host. */
function recordText(added: Added): string {
  return `${JSON.stringify(added, null, 2)}\n`;
}

/** The lines of a record by which its owner is known, to the shell too. */
export function ownerLines({ cluster, machine, owner }: Owner): string {
  const lines = Object.entries({ cluster, machine, owner });
  return lines.map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},`).join('\n');
}

/** A shell function, `owns RECORD LINES`: whether the record there, if there is one, is of the owner with these lines. */
export const ownsFunction = `
owns() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  [ "$(grep -cxF -- "$2" "$1")" = 3 ] || {
    echo "another Flotilla cluster took the host meanwhile, $1 there says which; nothing of it was changed" >&2
    return 1
  }
}
`;

/**
 * Keeps a copy of each of the files that has none, then the record: it never names what is not kept. Two clusters that
 * take one host at the same time come one after the other, and the second finds the first one's record; the lock is on
 * the folder of all, so that nothing is left of it. Copies of a run that was cut off before its record may be old.
 *
 * @param fresh whether nothing was recorded so far
 */
export function recordCommand(added: Added, keep: readonly string[], fresh: boolean): Command {
  const body = `${ownsFunction}
set -eu
before=$1 record=$2 fresh=$3 whose=$4; shift 4
folder=\${record%/*}
exec 9<"\${folder%/*}"
flock -w 60 9 || { echo "somebody holds the lock on \${folder%/*}: see who it is (lslocks)" >&2; exit 1; }
owns "$record" "$whose"
[ "$fresh" = no ] || [ -e "$record" ] || rm -rf "$before"
mkdir -p "$folder"
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
printf %s "$request" >"$record.new"
sync "$record.new" "$before"
mv "$record.new" "$record"
`;
  const args = [beforeFolder, recordPath, fresh ? 'yes' : 'no', ownerLines(added), ...keep];
  return requestScript('flotilla-host-record', body, args, recordText(added), { root: true });
}

/** Puts files back as they were, or takes them away; a folder of drop-ins that was only for ours goes too. */
export function restoreCommand(files: Added['files']): Command {
  const request = files.map(({ path, existed }) => `${existed ? 'back' : 'away'} ${path}\n`).join('');
  return requestScript('flotilla-host-restore', `${restoreFunction}${restoreLoop}`, [beforeFolder], request, {
    root: true,
  });
}

export const restoreFunction = `
set -eu
restore() {
  if [ "$1" = away ]; then
    rm -f "$2"
    case $2 in *.d/*) rmdir "\${2%/*}" 2>/dev/null || : ;; esac
  elif [ -e "$before$2" ] || [ -L "$before$2" ]; then
    rm -f "$2.old"
    cp -aT "$before$2" "$2.old"
    mv -T "$2.old" "$2"
  elif [ -e "$2" ]; then
    echo "$2 stays as Flotilla wrote it: the copy of what stood there before is gone"
  fi
}
`;

const restoreLoop = `
before=$1
printf %s "$request" | while read -r how path; do restore "$how" "$path"; done
`;
