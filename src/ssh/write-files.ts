import { gunzipSync, gzipSync } from 'node:zlib';
import type { Command } from './connection.ts';
import { script } from './script.ts';
import { arrivedFunction, inputEnd } from './whole-input.ts';

export interface RemoteFile {
  readonly path: string;
  readonly contents: string | Buffer;
  /** Octal, `0644` */
  readonly mode: string;
  /** `user:group`; default root:root */
  readonly owner?: string;
}

/** Bytes from which on it is worth a program there to have fewer of them on the way. */
const worthPacking = 4096;

/** gzip's first two bytes (RFC 1952, 2.3.1). */
const magic = Buffer.from([0x1f, 0x8b]);

/**
 * Each file is written beside its place; when all are there and synced, they are renamed in the order given: a reader
 * sees the old file or the new one, and who waits for the last one finds all the others. `head -c` takes exactly its
 * share of the stream, so that one round trip carries all of them; a last line tells that nothing was cut off. What an
 * earlier run left beside a place goes first, since it may have bits and an owner that others read it by. Each program
 * that is run costs an emulated machine some 30 ms, so none is run for what the shell can do.
 */
const write = `set -eu
umask 022
${arrivedFunction}write() {
  while [ $# -gt 0 ]; do
    case $1 in */*) [ -d "\${1%/*}" ] || mkdir -p "\${1%/*}" ;; esac
    [ ! -e "$1.new" ] && [ ! -h "$1.new" ] || rm -f "$1.new"
    (umask 077; exec head -c "$2" > "$1.new")
    [ "$4" = root:root ] || chown "$4" "$1.new"
    [ "$3" = 0600 ] || chmod "$3" "$1.new"
    shift 4
  done
  arrived
}
save() {
  left=$#
  while [ $left -gt 0 ]; do
    set -- "$@" "$1.new"
    shift 4
    left=$((left - 4))
  done
  sync "$@"
}
`;
const rename = `
save "$@"
while [ $# -gt 0 ]; do mv -T "$1.new" "$1"; shift 4; done
`;

/** @param afterwards what the same shell does when all of them are in place; a text of the program's own */
export function writeFiles(files: readonly RemoteFile[], afterwards = ''): Command {
  const contents = files.map((file) => Buffer.from(file.contents));
  const args = files.flatMap(({ path, mode, owner = 'root:root' }, index) => [
    path,
    String(contents[index]?.length ?? 0),
    mode,
    owner,
  ]);
  const plain = Buffer.concat([...contents, Buffer.from(`${inputEnd}\n`)]);
  const packed = plain.length >= worthPacking;
  const body = `${write}${packed ? 'gzip -dc | ' : ''}write "$@"${rename}${afterwards}`;
  return script('write-files', body, args, { root: true, stdin: packed ? gzipSync(plain) : plain });
}

/** For fakes: the contents of all files, one behind the other, from the command's input. */
export function unpacked(stdin: string | Buffer): Buffer {
  const bytes = Buffer.from(stdin);
  return bytes.subarray(0, 2).equals(magic) ? gunzipSync(bytes) : bytes;
}
