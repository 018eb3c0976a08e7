#!/usr/bin/env bash
# Makes an image that a machine meets as it meets Flatcar, of Flotilla's own Debian image and the real Ignition:
#
#     bash test/flatcar-like/image.sh CACHE
#
# CACHE is a folder for $XDG_CACHE_HOME, which test/flatcar-like/main.ts takes. Needs root, Go, gcc and libblkid-dev.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=$1
own=${XDG_CACHE_HOME:-$HOME/.cache}/flotilla
from=$(ls -d "$own"/images/trixie-* | grep -Ev '[.](lock|part)$' | tail -n 1)
into=$cache/flotilla/images/sha512-f1a7ca00000000000000000000000000
work=$(mktemp -d)
mkdir -p "$into" "$own/packages" "$cache/flotilla/parts"
ln -sfn "$own/packages" "$cache/flotilla/packages"

# The engine, of the module that toolchain/ignition pins, with Flatcar's settings.
version=$(sed -n 's|.*github.com/coreos/ignition/v2 v\([0-9.]*\).*|\1|p' toolchain/ignition/go.mod)
ignition=$cache/flotilla/parts/ignition-$version
if [ ! -x "$ignition" ]; then
  GOBIN=$work GOFLAGS=-buildvcs=false CGO_ENABLED=1 go install -ldflags "-s -w \
    -X github.com/coreos/ignition/v2/internal/distro.selinuxRelabel=false \
    -X github.com/coreos/ignition/v2/internal/version.Raw=$version" "github.com/coreos/ignition/v2/internal@v$version"
  mv "$work/internal" "$ignition"
fi
(cd "$work" && apt-get -qq download libnss-extrausers 2>/dev/null && dpkg-deb -x libnss-extrausers_*.deb extrausers)

cp --sparse=always "$from/disk.raw" "$into/disk.raw" && chmod 0644 "$into/disk.raw"
cp "$from/vmlinuz" "$from/initrd" "$into/"
root=$work/root
mkdir "$root"
mount -o loop "$into/disk.raw" "$root"
trap 'cd /; umount "$root" && rm -rf "$work"' EXIT
cd "$root"
write() { mkdir -p "$(dirname ".$1")"; cat >".$1"; }

# What Flatcar has not: packages, Node.js, Python, busybox, etcd, cloud-init.
rm -rf usr/bin/{dpkg*,apt*,node,nodejs,python3*,busybox,etcd*,cloud-*} usr/lib/systemd/system/etcd.service etc/default/etcd var/lib/etcd
rm -rf etc/systemd/system/cloud-*.target.wants usr/lib/systemd/system/cloud-*; ln -sf /dev/null etc/systemd/system-generators/cloud-init-generator
# What it has: core of uid 500, in groups that are outside of /etc/group.
chroot . groupadd --gid 500 core
chroot . useradd --uid 500 --gid core --create-home --shell /bin/bash core
mkdir -p var/lib/extrausers
# libnss-extrausers passes over those below 500.
chroot . groupmod --gid 902 docker
chroot . groupmod --gid 903 etcd
chroot . usermod --uid 903 --gid 903 etcd
grep -E '^(docker|systemd-journal):' etc/group | sed 's/:$/:core/' >var/lib/extrausers/group
grep '^etcd:' etc/group >>var/lib/extrausers/group
grep '^etcd:' etc/passwd >var/lib/extrausers/passwd
sed -i -E '/^(docker|systemd-journal|etcd):/d' etc/group etc/gshadow
sed -i -E '/^etcd:/d' etc/passwd etc/shadow
sed -i -E 's/^(passwd|group):.*/\1: files extrausers/' etc/nsswitch.conf
cp "$work"/extrausers/usr/lib/libnss_extrausers.so.2 usr/lib/
write /usr/lib/os-release <<'X'
ID=flatcar
NAME="Flatcar, as it is met (a Debian)"
VERSION_ID=0
X
# sshd by its socket, one for each connection; host keys by a unit that each of them wants.
rm -f etc/systemd/system/{sshd.service,sshd-keygen.service} etc/systemd/system/*.wants/ssh.service etc/systemd/system/*.wants/ssh.socket
write /usr/lib/systemd/system/sshd.socket <<'X'
[Unit]
Description=OpenSSH Server Socket
[Socket]
ListenStream=22
Accept=yes
[Install]
WantedBy=sockets.target
X
write /usr/lib/systemd/system/sshd@.service <<'X'
[Unit]
Description=OpenSSH per-connection server daemon
Wants=sshd-keygen.service
After=sshd-keygen.service
[Service]
ExecStart=-/usr/sbin/sshd -i -e
StandardInput=socket
StandardError=journal
X
write /usr/lib/systemd/system/sshd-keygen.service <<'X'
[Unit]
Description=Generate sshd host keys
ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key
ConditionPathExists=|!/etc/ssh/ssh_host_ecdsa_key
ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
X
echo 'd /run/sshd 0755 root root' | write /usr/lib/tmpfiles.d/sshd.conf
# Every card by DHCP; presets that enable nothing of themselves; a first boot as systemd knows it.
write /usr/lib/systemd/network/zz-default.network <<'X'
[Match]
Name=eth*
[Network]
DHCP=yes
X
printf 'enable sshd.socket\nenable sshd-keygen.service\n' | write /usr/lib/systemd/system-preset/50-image.preset
echo 'disable *' | write /usr/lib/systemd/system-preset/99-default.preset
ln -sf /dev/null etc/systemd/system/systemd-firstboot.service
rm -f etc/machine-id
# In place of the initramfs: /usr read-only, Ignition once, then the system.
install -D -m 0755 "$ignition" usr/lib/flatcar-like/ignition
rm usr/sbin/init
write /usr/sbin/init <<'X'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev 2>/dev/null; mount -t tmpfs -o mode=0755 run /run
mount --bind /usr /usr; mount -o remount,bind,ro /usr
if [ ! -e /etc/.ignition-result.json ]; then
  exec >/dev/ttyS0 2>&1
  modprobe qemu_fw_cfg
  mkdir -p /run/ignition /run/sysroot
  cat /sys/firmware/qemu_fw_cfg/by_name/opt/org.flatcar-linux/config/raw >/run/ignition/config.ign
  mount --bind / /run/sysroot; mount --bind /usr /run/sysroot/usr; mount -o remount,bind,ro /run/sysroot/usr
  for stage in fetch files; do
    IGNITION_CONFIG_FILE=/run/ignition/config.ign IGNITION_WRITE_AUTHORIZED_KEYS_FRAGMENT=false \
      /usr/lib/flatcar-like/ignition --root /run/sysroot --platform file --stage "$stage" --log-to-stdout ||
      { echo "Ignition failed in stage $stage: Kernel panic would follow"; while :; do sleep 60; done; }
  done
  umount /run/sysroot/usr /run/sysroot
fi
exec /usr/lib/systemd/systemd
X
chmod 0755 usr/sbin/init

echo "{\"key\": \"${into##*/}\"}" >"$into/manifest.json"
echo "made $into"
