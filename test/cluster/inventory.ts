import { onMachine } from './observe.ts';
import type { Stack } from './stack.ts';

/** Everything by which two machines are compared: one line a thing, `section thing`, to be read by people too. */
export async function inventory(stack: Stack, machine: string): Promise<ReadonlySet<string>> {
  return inventoryLines(await onMachine(stack, machine, ['sudo', 'sh', '-c', inventoryScript]));
}

export function inventoryLines(output: string): ReadonlySet<string> {
  return new Set(output.split('\n').filter((line) => line !== ''));
}

/** What only one of them has and has no business to: `cold …` or `warm …`. */
export function differences(cold: ReadonlySet<string>, warm: ReadonlySet<string>): string[] {
  const unexpected = (line: string) => !Object.values(allowed).some((pattern) => pattern.test(line));
  const only = (these: ReadonlySet<string>, those: ReadonlySet<string>, name: string) =>
    [...these].filter((line) => !those.has(line) && unexpected(line)).map((line) => `${name} ${line}`);
  return [...only(cold, warm, 'cold'), ...only(warm, cold, 'warm')].sort();
}

/** The differences there may be, and why. docs/local.md tells them to users. */
const allowed: Readonly<Record<string, RegExp>> = {
  'keys, certificates and ids are each machine’s own':
    /^contents [0-9a-f]{64} {2}\/etc\/(machine-id|flotilla\/(pki|agent|etcd)|ssh\/)/,
  'cloud-init notes there when it made the account': /^contents .* \/etc\/sudoers.d\/90-cloud-init-users$/,
  'the day on which the account was made, which may be the template’s':
    /^contents [0-9a-f]{64} {2}\/etc\/shadow-?$/,
  'cloud-init did not run on a machine that woke: its notes come with the first boot':
    /^file \/var\/(lib\/cloud\/instances\/core-1-1\/|log\/cloud-init)/,
  'names of private folders are made of the boot id, which is the template’s':
    /^file \/var\/tmp\/systemd-private-/,
  'any free port of the loopback will do': /^listens tcp 127\.0\.0\.1:\d+ users:\(\("containerd"\)\)$/,
  'what comes with a machine’s first container, and the template has had one':
    /^(address docker0 inet6 fe80:|file \/var\/lib\/(containerd\/[^ ]*\/moby|docker\/image\/overlay2\/layerdb\/(mounts|sha256|tmp)) d |module (veth|xt_nat|xt_tcpudp)$)/,
  'a share of the memory that a kernel of some pages more or less had at that moment':
    /^(mount \/tmp tmpfs|sysctl net\.ipv4\.(tcp|udp)_mem) /,
  'counters, and what the kernel draws by lot':
    /^sysctl (fs\.(dentry-state|inode-nr|inode-state|file-nr|quota\.syncs)|kernel\.(ns_last_pid|random\.|pty\.nr)|net\.ipv4\.tcp_fastopen_key|net\.netfilter\.nf_conntrack_count)/,
};

/*
 * First systemd gets to the end of what it has begun. Paths below /var/log/journal bear the machine's id, which is
 * another one for each. Kernel threads, counters and times are no part of what a machine is, nor is the day
 * that shadow(5) has for an account.
 */
export const inventoryScript = `
set -eu
section() { sed "s|^|$1 |"; }
seconds=0
until [ -z "$(systemctl list-jobs --no-legend)" ] || [ $seconds -ge 120 ]; do sleep 1; seconds=$((seconds + 1)); done
id=$(cat /etc/machine-id)
find / -xdev -printf '%p %y %m %u:%g %l\\n' | sed "s/$id/MACHINE-ID/g" | section file
find /etc -type f -exec sha256sum {} + | section contents
systemctl list-unit-files --no-legend --plain --full | awk '{print $1, $2}' | section unit-file
systemctl list-units --all --no-legend --plain --full | awk '{print $1, $2, $3, $4}' | section unit
systemctl show --property=SystemState,Environment | section systemd
cat /etc/passwd /etc/group | section user
awk -F: -v OFS=: '$1 == "core" {$3 = "DAY"} {print}' /etc/shadow | section user
dpkg-query --show --showformat='\${Package} \${Version} \${Status}\\n' | section package
ip -o -4 address | awk '{print $2, $3, $4, $9, $10}' | section address
ip -o -6 address | awk '{print $2, $3, $4}' | section address
ip -o link | awk '{print $2, $3}' | section link
ip route | section route
sysctl --all 2> /dev/null | section sysctl
ss -Hltunp | awk '{print $1, $5, $7}' | sed 's/,pid=[0-9]*,fd=[0-9]*//g' | section listens
findmnt --raw --noheadings --output TARGET,SOURCE,FSTYPE,OPTIONS | section mount
lsmod | awk '{print $1}' | section module
timedatectl show --property=Timezone,LocalRTC,CanNTP,NTP | section time
hostnamectl hostname | section hostname
hostname -I | awk '{print $1, $2}' | section addresses-in-order
ip -o link | sed -n 's/.*altname/altname/p' | section altnames
cat /proc/cmdline | section kernel
`;
