/** What a template runs before it is saved. Their text is part of its key. */

/**
 * Waits for the end of the boot and runs everything once that machines will run: what was read stays in memory, and
 * with it each of them starts faster. Two thirds of what the first container costs are work that the next ones don't
 * have: the kernel's modules, the firewall's tables, pages of programs. So the template has had one, of busybox, and
 * keeps nothing of it. Then waits for quiet, a second in which the processor was nine tenths idle.
 */
export const readyScript = `
set -eu
systemctl is-system-running --wait > /dev/null || true
systemctl start docker.service
docker version > /dev/null
for program in etcd etcdctl node docker openssl busybox; do
  path=$(command -v $program) && cat "$path" > /dev/null
done
node --version > /dev/null
etcd --version > /dev/null
trial=/run/flotilla-trial
mkdir -p $trial/bin
cp "$(command -v busybox)" $trial/bin/sh
image=$(tar -C $trial -c . | docker import -)
docker run --rm --publish 127.0.0.1::8080 "$image" sh -c true
docker image rm "$image" > /dev/null
rm -r $trial
tries=0
until [ $tries -ge 30 ]; do
  read -r _ before_user before_nice before_system before_idle _ < /proc/stat
  sleep 1
  read -r _ user nice system idle _ < /proc/stat
  busy=$((user + nice + system - before_user - before_nice - before_system))
  [ $busy -gt $(( (idle - before_idle) / 9 )) ] || break
  tries=$((tries + 1))
done
`;

/**
 * Takes away whatever would make two machines one: on disk, in the kernel and in the memory of services. systemd is
 * executed anew over an empty machine-id, so that it knows none; journald keeps nothing from here on; networkd, which has
 * an identity that it only gives up by ending, is stopped and started again by whoever wakes. Docker goes on running: the
 * id of its engine, of which it makes no use, is another one from its next start on.
 */
export const forgetScript = `
set -eu
cloud=/var/lib/cloud/instances/$1
find "$cloud" -mindepth 1 -maxdepth 1 ! -name sem -exec rm -rf {} +
rm -f /var/lib/cloud/instance /var/lib/cloud/data/*instance-id /var/lib/cloud/data/set-hostname
rm -f /var/log/cloud-init*.log /run/cloud-init/.instance-id /run/cloud-init/*.json
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\\nStorage=none\\n' > /run/systemd/journald.conf.d/flotilla-template.conf
systemctl restart systemd-journald.service
rm -rf /var/log/journal/*
rm -f /var/lib/systemd/random-seed
: > /etc/machine-id
systemctl daemon-reexec
set -- $(ip -o -4 address show to 10.0.2.0/24)
card=$2 address=$4
systemctl stop network-online.target systemd-networkd-wait-online.service systemd-networkd.socket systemd-networkd.service
rm -rf /run/systemd/netif/leases/* /var/lib/systemd/network/*
ip link set "$card" up
ip address replace "$address" dev "$card"
ip route replace default via 10.0.2.2
sync
fstrim / || true
`;
