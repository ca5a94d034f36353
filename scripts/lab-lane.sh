#!/usr/bin/env bash
# Runs files of lab tests one after another, in mounts and processes of their own, so that several lanes run at once and
# none sees what another builds; all processes, network namespaces and machines of a lane end with the first of its
# processes, which is this one, and that with whoever started it.
#
#   lab-lane.sh FOLDER QUEUE...    FOLDER, which daemons' users must be able to enter, gets what each file prints (NAME.tap);
#                                  a QUEUE, a path on each line, is that of other lanes too: a lane takes the first line of
#                                  the first one that has any, until none has
#
# When a file is done, a line goes to descriptor 3: its path, its exit code, the seconds it took.
set -u
cd "$(dirname "$0")/.." || exit 1
if [ "$$" -ne 1 ]; then
  exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc bash "scripts/$(basename "$0")" "$@"
fi
folder=$1
shift
# Beside other lanes everything takes longer
export EVPND_LAB=1 EVPND_LAB_PACE=3 TMPDIR=$folder/tmp
mkdir -p "$TMPDIR" || exit 1
# By a fabric's name, which holds a process id of ours: another lane's fabric may have the same
for names in /run/netns /run/frr; do
  mkdir -p "$names" && mount -t tmpfs -o mode=755 tmpfs "$names" || exit 1
done
chown frr:frr /run/frr || exit 1

# Takes the next file off the queues; false where there is none.
next() {
  local queue
  for queue in "$@"; do
    {
      flock 6
      read -r file <"$queue" && sed -i 1d "$queue" && return
    } 6>>"$queue.lock"
  done
  return 1
}

while next "$@"; do
  began=$SECONDS
  node node_modules/ava/entrypoints/cli.mjs --tap --serial "$file" >"$folder/$(basename "$file" .test.js).tap" 2>&1 3>&-
  printf '%s %s %s\n' "$file" "$?" $((SECONDS - began)) >&3
done
