# shellcheck shell=bash
# Node modules as package-lock.json says, among them the Node that runs everything else.

setup_node_modules() {
  local reason status=0
  command -v npm >/dev/null || fail "npm is missing. Next step: install Node 20.11 or newer with npm"
  reason=$(node toolchain/setup/stale-modules.mjs) || status=$?
  ((status <= 1)) || fail "$reason. Next step: correct the file, or git checkout package-lock.json"
  if ((status == 0)); then
    say "node modules: as package-lock.json says"
  else
    say "node modules: $reason; installing them"
    # NODE_ENV=production, or omit=dev in npm's settings, would leave out tsc, jest and Pulumi's CLI.
    run_logged "npm ci" timeout --foreground 1800 npm ci --include=dev --no-audit --no-fund --loglevel=error ||
      fail "npm ci failed. Next step: read its output above; npm run up tries again, and what was fetched is kept"
  fi
  check_node
  link_commands
}

# npm's allow-list or `ignore-scripts` may have kept the package `node` from fetching its binary.
check_node() {
  local node=node_modules/.bin/node
  "$node" --version >/dev/null 2>&1 || fail \
    "$node does not run: its install script has been kept from running by npm's settings." \
    "Next step: npm rebuild --ignore-scripts=false node"
}

# npm links the package `pulumi`, which only downloads, under the name of our launcher. `npx` shall find ours.
link_commands() {
  local name
  for name in pulumi flotilla; do
    [[ $(readlink "node_modules/.bin/$name" || true) == "../../bin/$name" ]] ||
      ln -sfn "../../bin/$name" "node_modules/.bin/$name"
  done
}
