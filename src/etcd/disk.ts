import { type EtcdLayout, standardLayout } from './cluster.ts';
import { etcdPaths } from './files.ts';

/** A file of the machine, as a first boot writes it. */
interface DiskFile {
  readonly path: string;
  readonly contents: string;
  /** Octal, `0644` */
  readonly mode: string;
}

/**
 * What has etcd keep its data on a disk of its own: a program, and that `etcd.service` runs it as root before each start.
 * As part of that service it is tried again with it, and `up` tells of it what it tells of etcd. Whose the data folder is
 * systemd sees to right before etcd itself begins, when the disk is there (systemd.exec(5), StateDirectory=).
 *
 * @param size of the disk in GiB
 */
export function etcdDiskFiles(size: number, layout: EtcdLayout = standardLayout): readonly DiskFile[] {
  const { disk } = etcdPaths(layout);
  const program = `${disk}.sh`;
  const start = `+/bin/sh ${program} ${size} ${layout.dataDirectory} ${disk}`;
  return [
    { path: program, contents: mountDisk, mode: '0644' },
    {
      path: '/etc/systemd/system/etcd.service.d/disk.conf',
      contents: `[Service]\nExecStartPre=${start}\n`,
      mode: '0644',
    },
  ];
}

/**
 * `$1` GiB, `$2` where the data belongs, `$3` the file with the UUID of the file system that this member began with.
 *
 * Names of disks mean nothing: on Nitro they follow the order in which disks answer, on Xen they are others. So the disk
 * is known by its exact size and by being empty, once, and by its UUID from then on; instance stores have no whole number
 * of GiB. Another UUID is no member's data: whoever lost his may not begin anew under his name, for he may have voted
 * (Raft), and a disk of another machine has another machine's vote. `$3.new` is the UUID until the file system is made: a
 * boot that was cut off there goes on.
 *
 * wipefs only reads, and knows file systems, partitions, LVM, RAID, swap and encrypted volumes; a disk that somebody uses,
 * mkfs can't open. Zeros are not asked for: what an encrypted volume reads as before it was written AWS does not say.
 */
const mountDisk = `set -eu
gib=$1 data=$2 mark=$3

fail() {
  echo "etcd's disk: $1" >&2
  exit 1
}

with_uuid() {
  lsblk --nodeps --noheadings --paths --output NAME | while read -r disk; do
    if [ "$(blkid --probe --match-tag UUID --output value "$disk")" = "$1" ]; then echo "$disk"; fi
  done
}

find_empty() {
  empty='' full=''
  disks=$(lsblk --nodeps --noheadings --paths --bytes --output NAME,TYPE,SIZE)
  while read -r disk type size; do
    [ "$type $size" = "disk $((gib * 1024 * 1024 * 1024))" ] || continue
    found=$(wipefs --no-act --noheadings --output TYPE "$disk")
    if [ -z "$found" ]; then empty="$empty $disk"; else full="$full; $disk holds "$(echo $found); fi
  done <<END
$disks
END
  set -- $empty
  [ $# -gt 0 ] || fail "none of $gib GiB is here that is empty$full"
  [ $# -eq 1 ] || fail "$* are empty and have $gib GiB, and nothing tells which one is meant"
}

if mountpoint -q "$data"; then exit 0; fi
if [ ! -s "$mark" ]; then
  if [ ! -s "$mark.new" ]; then
    cat /proc/sys/kernel/random/uuid >"$mark.new"
    sync "$mark.new"
  fi
  uuid=$(cat "$mark.new")
  if [ -z "$(with_uuid "$uuid")" ]; then
    find_empty
    mkfs.ext4 -q -m 0 -L flotilla-etcd -U "$uuid" $empty
  fi
  mv "$mark.new" "$mark"
  sync "$mark"
fi
uuid=$(cat "$mark")
set -- $(with_uuid "$uuid")
[ $# -gt 0 ] || fail "the file system $uuid, in which this member's data is, is on none; without it the member may not start"
[ $# -eq 1 ] || fail "$* have the same file system, $uuid: take the copy away"
mkdir -p "$data"
mount -o noatime,nodev,nosuid,noexec "$1" "$data"
`;
