# shellcheck shell=bash
# Packages of the distribution (Debian, Ubuntu).

setup_machine_packages() { setup_packages "local machines" qemu-system-x86 qemu-utils e2fsprogs $(image_builder); }

setup_image_packages() { setup_packages "container images" $(image_builder); }

# An ordinary user builds images in a user namespace, or under fakechroot where there is no range of sub-ids.
image_builder() {
  echo mmdebstrap
  ((EUID == 0)) || echo uidmap fakeroot fakechroot
}

# cloud-init for `cloud-init schema`; etcd for store tests on the host; python3-venv for moto.
setup_test_packages() { setup_packages "tests" cloud-init etcd-server etcd-client python3-venv; }

# Servers to push to; python3-venv for what is compared with.
setup_push_packages() { setup_packages "the benchmark of pushes" openssh-server python3 python3-venv; }

# setup_packages PURPOSE PACKAGE...
setup_packages() {
  local purpose=$1 missing
  shift
  command -v dpkg-query >/dev/null || fail \
    "packages for $purpose: this is neither Debian nor Ubuntu. Next step: run it there, or on one of the clouds"
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    say "packages for $purpose: present ($*)"
  else
    say "packages for $purpose: missing ${missing[*]}; installing them"
    install_packages "${missing[@]}"
  fi
}

missing_packages() {
  comm -23 <(printf '%s\n' "$@" | sort) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | sort)
}

install_packages() {
  local command=(bash "$PWD/toolchain/setup/install-packages.sh" "$@") root=() typed
  printf -v typed '%q ' "${command[@]}"
  if ((EUID != 0)); then
    if sudo -n true 2>/dev/null; then
      root=(sudo -n)
    elif command -v sudo >/dev/null && [[ -t 0 && -t 2 ]] && sudo -v; then
      root=(sudo)
    else
      fail "packages can be installed by root only. Next step, as root: $typed"
    fi
  fi
  run_logged "installation of packages" "${root[@]}" "${command[@]}" || fail \
    "the installation failed. Next step: read its output above; to try again, as root: $typed"
}
