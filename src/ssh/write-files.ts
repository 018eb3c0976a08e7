import { gzipSync } from 'node:zlib';
import type { Command } from './connection.ts';
import { script } from './script.ts';

export interface RemoteFile {
  readonly path: string;
  readonly contents: string | Buffer;
  /** Octal, `0644` */
  readonly mode: string;
  /** `user:group`; default root:root */
  readonly owner?: string;
}

/**
 * Each file is written beside its place; when all are there and synced, they are renamed in the order given: a reader
 * sees the old file or the new one, and who waits for the last one finds all the others. `head -c` takes exactly its
 * share of the stream, so that one round trip carries all of them. Each program that is run costs an emulated machine
 * some 30 ms, so none is run for what the shell can do.
 */
const body = `set -eu
umask 022
write() {
  while [ $# -gt 0 ]; do
    case $1 in */*) [ -d "\${1%/*}" ] || mkdir -p "\${1%/*}" ;; esac
    (umask 077; head -c "$2" > "$1.new")
    [ "$4" = root:root ] || chown "$4" "$1.new"
    [ "$3" = 0600 ] || chmod "$3" "$1.new"
    shift 4
  done
}
check() {
  left=$# sizes=
  while [ $left -gt 0 ]; do
    sizes="$sizes$2 "
    set -- "$@" "$1.new"
    shift 4
    left=$((left - 4))
  done
  [ "$(stat -c %s "$@" | while read -r size; do printf '%s ' "$size"; done)" = "$sizes" ]
  sync "$@"
}
gzip -dc | write "$@"
check "$@"
while [ $# -gt 0 ]; do mv "$1.new" "$1"; shift 4; done
`;

export function writeFiles(files: readonly RemoteFile[]): Command {
  const contents = files.map((file) => Buffer.from(file.contents));
  const args = files.flatMap(({ path, mode, owner = 'root:root' }, index) => [
    path,
    String(contents[index]?.length ?? 0),
    mode,
    owner,
  ]);
  return script('write-files', body, args, { root: true, stdin: gzipSync(Buffer.concat(contents)) });
}
