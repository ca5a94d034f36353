#!/usr/bin/env bash
# `npm run lab`: sets up what is missing, then shows a fabric of evpnd and FRR leaves that works (lab/run.ts).
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/help.sh
helped lab/run.ts "$@" && exit 0
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
if [ "$(id -u)" -ne 0 ]; then
  echo 'lab: network namespaces need root: run it as root (sudo npm run lab)' >&2
  exit 1
fi
bash scripts/setup.sh --lab || exit 1
exec node "${EVPND_BUILD:-build}/lab/run.js" "$@"
