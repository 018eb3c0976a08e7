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
 * Each file is written beside its place, synced and renamed, in the order given: a reader sees the old file or
 * the new one, and who waits for the last one finds all the others. `head -c` takes exactly its share of the
 * stream, so that one round trip carries all of them.
 */
const body = `set -eu
gzip -dc | while [ $# -gt 0 ]; do
  path=$1 size=$2 mode=$3 owner=$4; shift 4
  case $path in */*) mkdir -p "\${path%/*}" ;; esac
  (umask 077; head -c "$size" > "$path.new")
  [ "$(stat -c %s "$path.new")" = "$size" ]
  chown "$owner" "$path.new"; chmod "$mode" "$path.new"
  sync "$path.new"; mv "$path.new" "$path"
done
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
