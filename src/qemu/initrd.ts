/** What stands between QEMU's `-kernel` and the root file system; the kernel has all three as modules. */
const drivers = ['virtio_pci', 'virtio_blk', 'ext4'];

/** When it ends without switching to the real root, the kernel panics with "Attempted to kill init". */
const init = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules.order); do /bin/busybox insmod /modules/$module; done
tries=0
until [ -b /dev/vda ] || [ $tries -ge 100 ]; do /bin/busybox sleep 0.05; tries=$((tries + 1)); done
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /root && exec /bin/busybox switch_root /root /sbin/init
echo "flotilla: can't mount /dev/vda as the root file system"
exit 1
`;

/**
 * Shell text that makes `/boot/initrd` inside the chroot `$1`: a static busybox, the drivers in the order they
 * need one another, and the script above. Modules are stored unpacked, which saves the emulated machine the time.
 */
export const initrdScript = `
work="$1/boot/initrd.d"
version=$(ls "$1/lib/modules")
mkdir -p "$work/bin" "$work/dev" "$work/root" "$work/modules"
cp "$1/bin/busybox" "$work/bin/busybox"
for driver in ${drivers.join(' ')}; do
  chroot "$1" modprobe --set-version "$version" --show-depends "$driver"
done | while read -r verb path rest; do
  [ "$verb" = insmod ] || continue
  name=$(basename "\${path%.xz}")
  [ -e "$work/modules/$name" ] && continue
  case $path in *.xz) xz -dc "$1$path";; *) cat "$1$path";; esac > "$work/modules/$name"
  echo "$name" >> "$work/modules.order"
done
cat > "$work/init" <<'END_OF_FILE'
${init}END_OF_FILE
chmod 0755 "$work/init"
chroot "$1" sh -c 'cd /boot/initrd.d && find . | cpio --quiet -o -H newc' | gzip > "$1/boot/initrd"
rm -rf "$work"`;
