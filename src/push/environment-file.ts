import { ourVariables } from '../model/machine-environment.ts';

/**
 * A shell function, `environment FILE LINES look|prepare`: prints whether the file has our lines, `same` or `other`. To
 * prepare it writes them where they are not, before the lines of others: behind those, one without its end or with a
 * backslash there would swallow ours. A reader sees the old file or the new one, and the new one has the owner and mode
 * of the old. A link stays a link. Where nothing is there yet, as on a new machine, only what is needed is run.
 */
export const environmentScript = `
environment() (
  set -eu
  file=$1 lines=$2 kind=$3 found=
  [ ! -s "$file" ] || found=$(sed -En '/${ourVariables}/p' "$file")
  if [ "$found" = "$lines" ]; then echo same; return; fi
  echo other
  [ "$kind" = prepare ] || return 0
  [ ! -L "$file" ] || file=$(readlink -f "$file")
  umask 022
  if [ -s "$file" ]; then
    cp -p "$file" "$file.new" && { printf '%s\\n' "$lines" && sed -E '/${ourVariables}/d' "$file"; } > "$file.new"
  else
    printf '%s\\n' "$lines" > "$file.new"
  fi && sync "$file.new" && mv "$file.new" "$file" || {
    rm -f "$file.new" 2>/dev/null || true
    echo "$file can't be written: see whether the disk there is full or read-only" >&2
    exit 1
  }
)
`;
