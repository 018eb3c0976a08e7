# shellcheck shell=bash
# moto, AWS below the test cloud (docs/testing.md): a Python environment of its own in the cache folder, with the
# packages that toolchain/moto/requirements.txt names.

setup_moto() {
  local wanted=$PWD/toolchain/moto/requirements.txt folder=${XDG_CACHE_HOME:-$HOME/.cache}/flotilla/moto
  if cmp -s "$wanted" "$folder/requirements.txt"; then
    say "moto: $folder (installed before)"
    return
  fi
  say "moto: installing into $folder"
  run_logged "installation of moto" timeout --foreground 900 bash toolchain/setup/install-moto.sh "$wanted" "$folder" ||
    fail "moto can't be installed. Next step: read the output above; pip takes its settings from pip.conf and PIP_*"
}
