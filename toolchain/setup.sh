#!/usr/bin/env bash
# Makes a clone ready to run. Safe to repeat: a second run only looks, in about half a second.
#
#   bash toolchain/setup.sh            all that a local cluster needs
#   bash toolchain/setup.sh up         node modules and the Pulumi CLI
#   bash toolchain/setup.sh check      these, and the distribution's packages that the tests need
#   bash toolchain/setup.sh machines   the distribution's packages for machines on this host
#   bash toolchain/setup.sh images     node modules, and the distribution's packages that build container images
#   bash toolchain/setup.sh elk        what images of units/elk are made of, where official ones can't be had
#   bash toolchain/setup.sh cloud      what the test cloud's AWS is made of
#   bash toolchain/setup.sh push       the distribution's packages for the benchmark of pushes
#   bash toolchain/setup.sh test       all of it, and what the tests need besides
#
# Nothing is written outside the clone, $PULUMI_HOME (default ~/.pulumi) and the caches of npm and Go,
# but for distribution packages, which are installed as root or through sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source toolchain/setup/report.sh
source toolchain/setup/node-modules.sh
source toolchain/setup/pulumi.sh
source toolchain/setup/packages.sh
source toolchain/setup/moto.sh
source toolchain/setup/ignition.sh
source toolchain/setup/elk.sh

# Two set-ups of one clone would delete each other's node_modules. The lock is on this file, so that no
# lock file is left behind, and goes with the last process that holds it, however that ends.
lock_clone() {
  exec 9<toolchain/setup.sh
  flock --nonblock 9 && return
  say "another set-up is at work in this clone, or the build it left behind; waiting for it, 30 minutes at most"
  run_logged "waiting" flock --timeout 1800 9 || fail "the other set-up has not ended. See what it does: fuser -v toolchain/setup.sh"
}

main() {
  local step steps
  case "${1:-all}" in
    all) steps=(node_modules pulumi machine_packages) ;;
    up) steps=(node_modules pulumi) ;;
    check) steps=(node_modules pulumi test_packages) ;;
    machines) steps=(machine_packages) ;;
    images) steps=(node_modules image_packages) ;;
    elk) steps=(elk) ;;
    cloud) steps=(test_packages moto) ;;
    push) steps=(push_packages) ;;
    test) steps=(node_modules pulumi machine_packages test_packages moto ignition) ;;
    *) fail "unknown mode '$1'; expected up, check, machines, images, elk, cloud, push, test or nothing" ;;
  esac
  lock_clone
  # No `&&` here: within such a list bash would go on after a failed command.
  for step in "${steps[@]}"; do "setup_$step"; done
}

main "$@"
