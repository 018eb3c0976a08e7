# shellcheck shell=bash
# The Pulumi CLI. In order of choice: one on PATH that fits, the one installed before, the npm package's
# download, a build from Go modules. node_modules/.flotilla/pulumi links to the one taken; bin/pulumi runs it.

setup_pulumi() {
  local version cli why
  version=$(sed -n 's/^ *"pulumi": "\([0-9.]*\)".*/\1/p' package.json)
  pulumi_bin="${PULUMI_HOME:-$HOME/.pulumi}/versions/$version/bin"
  if cli=$(pulumi_on_path "$version"); then
    why="found on PATH"
  elif pulumi_installed; then
    cli=$pulumi_bin/pulumi why="installed before"
  elif download_pulumi "$version"; then
    cli=$pulumi_bin/pulumi why="downloaded"
  else
    build_pulumi "$version"
    cli=$pulumi_bin/pulumi why="built from Go modules"
  fi
  mkdir -p node_modules/.flotilla
  ln -sfn "$cli" node_modules/.flotilla/pulumi
  say "pulumi: $cli ($why)"
}

pulumi_installed() { [[ -x $pulumi_bin/pulumi && -x $pulumi_bin/pulumi-language-nodejs ]]; }

# Prints the first CLI on PATH, if it is fit. Scripts are passed over: they are our launcher or npm's downloader.
pulumi_on_path() {
  local candidate unfit
  while read -r candidate; do
    candidate=$(readlink -f "$candidate")
    [[ $(head -c 2 "$candidate") == '#!' ]] && continue
    unfit=$(why_unfit "$candidate" "$1")
    [[ -z $unfit ]] && printf '%s\n' "$candidate" && return
    say "pulumi: $candidate is not taken: $unfit" >&2
    return 1
  done < <(type -ap pulumi)
  return 1
}

# Same major version, and not older than the SDK that talks to it.
why_unfit() {
  local cli=$1 wanted=$2 found
  found=$(PULUMI_SKIP_UPDATE_CHECK=true "$cli" version 2>/dev/null) || found=unknown
  if [[ ! $found =~ ^v([0-9]+)\.([0-9]+)\. ]] || ((BASH_REMATCH[1] != ${wanted%%.*})) ||
    ((BASH_REMATCH[2] < $(cut -d . -f 2 <<<"$wanted"))); then
    echo "its version is ${found:-unknown}, wanted is $wanted or newer of the same major version"
  elif [[ ! -x ${cli%/*}/pulumi-language-nodejs ]] && ! command -v pulumi-language-nodejs >/dev/null; then
    echo "there is no pulumi-language-nodejs beside it or on PATH"
  fi
}

# The limit is for a slow line; download-pulumi.mjs gives up on an unreachable host much sooner.
download_pulumi() {
  local staging
  staging=$(make_staging) || return 1
  say "pulumi: none found that fits; trying to download $1"
  if NODE_USE_ENV_PROXY=1 run_logged "download of Pulumi $1" timeout --foreground 900 \
    node_modules/.bin/node toolchain/setup/download-pulumi.mjs "$1" "$staging"; then
    install_staged "$staging/bin"
  else
    rm -rf "$staging"
    return 1
  fi
}

build_pulumi() {
  local version=$1 staging
  check_go "$version"
  staging=$(make_staging)
  say "pulumi: building $version from Go modules, because it can't be downloaded. The first time this takes" \
    "3 to 10 minutes and some 5 GiB of disk; what is done is kept when it is interrupted"
  go_install language-nodejs "$staging" -ldflags "-s -w"
  go_install pulumi "$staging" \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$version"
  install_staged "$staging"
}

# Go before 1.21 can neither read our go.mod nor fetch a newer Go by itself.
check_go() {
  local found
  found=$(go env GOVERSION 2>/dev/null) || found=none
  if [[ $found =~ ^go([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] > 1 || BASH_REMATCH[2] >= 21)); then return; fi
  fail \
    "no Pulumi CLI: none on PATH, it can't be downloaded, and there is no Go 1.21 or newer to build it (found: $found)." \
    "Next step, one of: make the download possible (a proxy is taken from HTTPS_PROXY);" \
    "  install Go 1.25.11 or newer so that 'go' is on PATH;" \
    "  put pulumi and pulumi-language-nodejs of version $1 into $pulumi_bin"
}

# go_install MODULE INTO [FLAG...]: builds the tool of toolchain/MODULE, whose modules it downloads first, so that it
# can say how many packages there are. A Go too old for it may fetch its successor.
go_install() {
  local module=$1 into=$2 packages=""
  shift 2
  local -x GOBIN=$into GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=${GOTOOLCHAIN:-auto} CGO_ENABLED=0
  local go=(timeout --foreground 3600 go -C "toolchain/$module")
  run_logged "Go modules of toolchain/$module" "${go[@]}" list -deps tool ||
    fail "the Go modules of toolchain/$module can't be had. Next step: read the output above; a proxy is taken from" \
      "  GOPROXY and HTTPS_PROXY; the same command tries again, and what came is kept"
  packages=$("${go[@]}" list -deps tool | wc -l)
  run_logged "build of toolchain/$module" "${go[@]}" install -v "$@" tool ||
    fail "the build of toolchain/$module failed. Next step: read its output above; the same command tries again"
}

# Staging folders are on the file system of their target, so that moving out of them is atomic, and carry the
# owner's process id, so that what a killed set-up left is recognised and removed.
make_staging() {
  local versions=${pulumi_bin%/*/*} old
  mkdir -p "$versions"
  for old in "$versions"/.staging.*; do
    [[ -d $old ]] && ! kill -0 "${old##*.}" 2>/dev/null && rm -rf "$old"
  done
  mkdir "$versions/.staging.$$"
  echo "$versions/.staging.$$"
}

# The CLI goes last: whoever finds it finds everything beside it.
install_staged() {
  local from=$1
  mkdir -p "$pulumi_bin" &&
    find "$from" -maxdepth 1 -type f ! -name pulumi -exec mv -t "$pulumi_bin" {} + &&
    mv "$from/pulumi" "$pulumi_bin/pulumi" &&
    rm -rf "${pulumi_bin%/*/*}/.staging.$$"
}
