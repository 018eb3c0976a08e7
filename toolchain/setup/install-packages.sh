#!/usr/bin/env bash
# install-packages.sh PACKAGE...: installs packages of the distribution, and none of the services that come with
# them. As root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d

# Debian asks this script before a package starts its service, and etcd's would (see policy-rc.d(8)).
forbid_starts() {
  [[ -e $policy ]] && return
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

# Both packages are wanted for their programs. At the next boot etcd would run a node, and cloud-init might take
# this machine for a fresh one (the file is what it looks for: cloud-init's documentation, "disable cloud-init").
before_package() {
  case $1 in cloud-init) mkdir -p /etc/cloud && touch /etc/cloud/cloud-init.disabled ;; esac
}
after_package() {
  case $1 in etcd-server) update-rc.d etcd disable ;; esac
}

install() { apt-get -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"; }

forbid_starts
for package; do before_package "$package"; done
# The package lists may be absent or too old; getting them is slow, so only when it does not work without.
install "$@" || { apt-get -o DPkg::Lock::Timeout=300 update && install "$@"; }
for package; do after_package "$package"; done
