# shellcheck shell=bash
# ignition-validate, by which tests hold what is written for Ignition (cloud-config/ignition.real.test.ts): built from
# Ignition's Go module into the cache folder. toolchain/ignition/go.mod says which version.

setup_ignition() {
  local version folder staging
  version=$(sed -n 's|.*github.com/coreos/ignition/v2 v\([0-9.]*\).*|\1|p' toolchain/ignition/go.mod)
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/flotilla/ignition/$version
  if [[ -x $folder/validate ]]; then
    say "ignition-validate: $folder/validate (built before)"
    return
  fi
  command -v go >/dev/null || setup_packages "ignition-validate" golang-go
  mkdir -p "$folder"
  staging=$(mktemp -d "$folder/.staging.XXXXXX")
  # The value of now: when the trap runs, the variable is gone.
  # shellcheck disable=SC2064
  trap "rm -rf '$staging'" EXIT
  go_install ignition "$staging" -ldflags "-s -w -X github.com/coreos/ignition/v2/internal/version.Raw=$version"
  mv "$staging/validate" "$folder/validate"
  say "ignition-validate: $folder/validate (built)"
}
