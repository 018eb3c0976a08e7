#!/bin/sh
# Boots the Debian in the folder $1 as a container, by util-linux alone: namespaces of its own, a part of the control
# groups of its own, and systemd as process 1. Ends when that one ends. Runs in a mount namespace of its own.
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
cd "$root"
mkdir -p .before
pivot_root . .before
umount -l /.before
# By this name systemd knows that it is in a container (https://systemd.io/CONTAINER_INTERFACE).
exec env -i container=flotilla PATH=/usr/sbin:/usr/bin /lib/systemd/systemd
