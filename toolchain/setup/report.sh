# shellcheck shell=bash
# What the set-up says, and how it runs things that take long.

say() { printf 'setup: %s\n' "$*"; }

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

# run_logged WHAT COMMAND...: runs a command that may take minutes. Its output goes to a log; every 10 s a line
# tells the time gone and the log's last line. When the command fails, the log's end is shown and 1 is returned. Where
# the variable packages is set, the command prints a line for each of so many, and the line tells how many are done.
run_logged() {
  local what=$1 began=$SECONDS log ticker status=0
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/flotilla-setup.XXXXXX")
  tick "$what" "$log" &
  ticker=$!
  "$@" >"$log" 2>&1 || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if ((status == 0)); then
    say "$what: done in $((SECONDS - began)) s"
  else
    say "$what: failed after $((SECONDS - began)) s ($(end_of "$status")); the end of its output:"
    tail -n 20 "$log" >&2
  fi
  rm -f "$log"
  return $((status != 0))
}

# The sleep's output is closed: it outlives its killed parent for some seconds and would keep a pipe open.
# The set-up is asked for at every turn, because after a SIGKILL nobody is left to stop this loop.
tick() {
  local what=$1 log=$2 began=$SECONDS
  while sleep 10 >/dev/null 2>&1 9<&- && kill -0 $$ 2>/dev/null; do
    say "$what: $((SECONDS - began)) s$(progress_in "$log"). $(tail -n 1 "$log" | cut -c 1-100)"
  done
}

# Go says on lines of its own what it downloads.
progress_in() {
  [[ -z ${packages:-} ]] || printf ', %s of %s packages at most' "$(grep -cv '^go: ' "$1" || true)" "$packages"
}

# 124 is what timeout(1) ends with.
end_of() { if (($1 == 124)); then echo "its time was up"; else echo "exit code $1"; fi; }
