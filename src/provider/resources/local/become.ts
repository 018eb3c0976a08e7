import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import type { LiveSteps } from '../../../../cloud-config/live-steps.ts';
import { lanMac, type SeedFacts } from '../../../qemu/seed.ts';
import type { Command } from '../../../ssh/connection.ts';
import { lastingKeyConfig, lastingKeyFile } from '../../../ssh/first-contact.ts';
import { script } from '../../../ssh/script.ts';
import { templateAddress, templateInstance } from './template.ts';

/** Who a machine is to be, beyond what its config says. */
export type LifeFacts = Pick<SeedFacts, 'instanceId' | 'address'>;

/** Milliseconds of half a second, the middle of what a clock that counts whole ones may have left out. */
export const halfSecond = 500;

/** Bytes of the host's randomness that the guest's kernel takes as entropy. */
const entropy = 32;

/**
 * Makes a machine that woke from a template the one that it is to be. It is the last step before others may see it,
 * and one round trip: each process costs an emulated machine some 50 ms. Whoever is interrupted here begins again
 * with a new disk, so nothing is written twice or carefully; what was written is on the disk at the end. Prints the
 * machine's id and its lasting host key (`parseIdentity`): nobody has seen this machine yet, so there is no need to be
 * met by another one first.
 *
 * @param chipLag milliseconds by which its clock chip is behind, see `clockChipLag`
 */
export function becomeCommand(
  steps: LiveSteps,
  { instanceId, address }: LifeFacts,
  chipLag: number,
): Command {
  const contents = steps.write.map((file) => Buffer.from(file.contents));
  const files = steps.write.flatMap(({ path, mode }, index) => [
    path,
    String(contents[index]?.length ?? 0),
    mode,
  ]);
  const keys = Object.entries(steps.authorizedKeys).flatMap(([user, lines]) => [user, lines.join('\n')]);
  const links = Object.entries(steps.links).flat();
  const lists = [steps.remove, keys, links].flatMap((list) => [...list, '--']);
  const facts = [steps.hostname, instanceId, address, lanMac(address)];
  const template = [templateInstance, templateAddress, lanMac(templateAddress)];
  const stdin = Buffer.concat([randomBytes(entropy), ...contents]);
  const ahead = String((chipLag + halfSecond) * 1000);
  const args = [ahead, ...files, '--', ...facts, ...template, ...lists, ...steps.start];
  return script('flotilla-become', becomeScript, args, { root: true, stdin, timeout: 60 });
}

/**
 * What the shell can't do, or only by a process for each file. The clock first: it stood still while the template lay in
 * the cache, the emulated clock chip did not. What it leaves out is added; if this processor was taken away between
 * reading and setting, that would come on top, and it is read again. Then the random numbers, before anything is made of
 * them: RNDADDENTROPY and RNDRESEEDCRNG (random(4)), on top of what the kernel does by itself when it sees a new vmgenid.
 * The numbers of system calls and ioctls are those of x86-64. perl-base is on every Debian.
 */
const prepare = `
use strict;
sub take {
  my ($size, $data) = ($_[0], "");
  while (length $data < $size) {
    sysread(STDIN, $data, $size - length $data, length $data) or die "the input ends early";
  }
  return $data;
}
sub monotonic {
  my $time = pack("q2", 0, 0);
  syscall(228, 1, $time) == 0 or die "clock_gettime: $!";
  my ($seconds, $nanoseconds) = unpack("q2", $time);
  return $seconds + $nanoseconds / 1e9;
}
my $ahead = shift @ARGV;
for (1 .. 20) {
  my $began = monotonic();
  open(my $chip, "<", "/sys/class/rtc/rtc0/since_epoch") or die $!;
  my $time = <$chip> * 1_000_000 + $ahead;
  syscall(164, pack("q2", int($time / 1_000_000), $time % 1_000_000), 0) == 0 or die "settimeofday: $!";
  last if monotonic() - $began < 0.1;
}
my $seed = take(${entropy});
open(my $pool, ">", "/dev/random") or die $!;
ioctl($pool, 0x40085203, pack("ii a*", ${entropy * 8}, ${entropy}, $seed)) or die $!;
ioctl($pool, 0x5207, 0) or die $!;
while (@ARGV and $ARGV[0] ne "--") {
  my ($path, $size, $mode) = splice(@ARGV, 0, 3);
  my @parts = split(m{/}, $path);
  mkdir join("/", @parts[0 .. $_]) for 1 .. $#parts - 1;
  umask(0777 & ~oct $mode);
  open(my $file, ">", $path) or die "$path: $!";
  print {$file} take($size);
  close($file) or die "$path: $!";
  chmod(oct $mode, $path);
  umask 0022;
}
`;

/** The network card keeps its place among the others; networkd sets it up again. Lists end in "--". */
const becomeScript = `
set -eu
perl -e '${prepare}' "$@"
shift
while [ "$1" != -- ]; do shift 3; done
shift
plain() { (IFS=:; set -- $1; printf %s "$@"); }
hostname=$1 instance=$2 address=$3 card=$4 template=$5 template_address=$6 template_card=$7
shift 7

read -r uuid < /proc/sys/kernel/random/uuid
id=$(IFS=-; set -- $uuid; printf %s "$@")
echo "$id" > /etc/machine-id
echo "machineId=$id"
head -c 32 /dev/urandom > /var/lib/systemd/random-seed
chmod 0600 /var/lib/systemd/random-seed
echo "$hostname" > /etc/hostname
echo "$hostname" > /proc/sys/kernel/hostname

cloud=/var/lib/cloud
mv "$cloud/instances/$template" "$cloud/instances/$instance"
ln -s "$cloud/instances/$instance" "$cloud/instance"
echo "$instance" > "$cloud/data/instance-id"
echo "$instance" > "$cloud/data/previous-instance-id"
echo "$instance" > /run/cloud-init/.instance-id
printf '{\\n "fqdn": "%s",\\n "hostname": "%s"\\n}' "$hostname" "$hostname" > "$cloud/data/set-hostname"

ssh-keygen -q -t ed25519 -N '' -C '' -f ${lastingKeyFile}
read -r key < ${lastingKeyFile}.pub
echo "hostKey=$key"
rm -f ${lastingKeyFile}.pub /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
[ -d ${dirname(lastingKeyConfig)} ] || mkdir -p ${dirname(lastingKeyConfig)}
echo HostKey ${lastingKeyFile} > ${lastingKeyConfig}

while [ "$1" != -- ]; do rm -f "$1"; shift; done
shift
while [ "$1" != -- ]; do echo "$2" > "/home/$1/.ssh/authorized_keys"; shift 2; done
shift

networks=$(grep -lF "$template_card" /etc/systemd/network/*.network) || {
  echo "no file in /etc/systemd/network names the template's card $template_card" >&2
  exit 1
}
sed -i "s|$template_card|$card|; s|$template_address|$address|" $networks
for each in /sys/class/net/*; do
  read -r found < "$each/address"
  [ "$found" = "$template_card" ] || continue
  ip -batch - << END
link set dev \${each##*/} down address $card
link property del dev \${each##*/} altname enx$(plain "$template_card")
link property add dev \${each##*/} altname enx$(plain "$card")
END
done

while [ "$1" != -- ]; do
  [ -d "\${1%/*}" ] || mkdir -p "\${1%/*}"
  ln -s "$2" "$1"
  shift 2
done
shift
rm -f /run/systemd/journald.conf.d/flotilla-template.conf /run/systemd/journal/seqnum
rm -f /var/lib/containerd/io.containerd.grpc.v1.introspection/uuid
read -r uuid < /proc/sys/kernel/random/uuid
printf %s "$uuid" > /var/lib/docker/engine-id
sync
kill -HUP "$(cat /run/sshd.pid)"
systemctl restart --no-block systemd-journald.service systemd-networkd.socket systemd-networkd.service "$@"
`;
